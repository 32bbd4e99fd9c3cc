//! `auth`, `headers` and `proxy` of a source: what its requests carry, and the way they take.
//!
//! SECURITY: secrets come from files or credentials, and no message repeats one.

use url::Url;

use super::Place;
use super::mistake::MISSING;
use super::secret::{Held, read};
use super::table::{Found, Table};
use crate::model::{Access, Auth, Secret};

/// Fields that are ours to send, or that mean something else on the next connection.
const OURS: [&str; 16] = [
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "authorization",
    "if-none-match",
    "if-modified-since",
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "range",
    "a-im",
];

/// Parts of names of fields whose values are secrets.
const TELLTALE: [&str; 6] = ["key", "token", "secret", "cookie", "auth", "password"];

const ONE_LINE: &str = "a file that holds one line is accepted";

pub(super) fn access(table: &mut Table<'_, '_>, place: &Place) -> Access {
    // Known, whether they are written or not.
    table.skip("auth");
    table.skip("headers");
    let mut access = Access::default();
    auth(table, place, &mut access);
    headers(table, place, &mut access);
    let accepted = "an http, https or socks5 address without user and path is accepted";
    let proxy = table.string("proxy");
    access.proxy = proxy.and_then(|found| {
        let proxy = proxy_url(&found.value);
        if proxy.is_none() {
            table.wrong(&found.span, "proxy", "not the address of a proxy", accepted);
        }
        proxy
    });
    access
}

fn proxy_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let known = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let at_root = matches!(url.path(), "" | "/");
    (known && bare && at_root && url.host().is_some()).then_some(url)
}

fn auth(table: &mut Table<'_, '_>, place: &Place, access: &mut Access) {
    if !table.has("auth") {
        return;
    }
    let accepted = "`{ basic_file = \"FILE\" }` with `user:password` in the file, or \
                    `{ bearer_file = \"FILE\" }`, is accepted";
    let Some(mut inner) = table.inner("auth") else {
        return table.wrong(&table.span_of("auth"), "auth", "not a table", accepted);
    };
    let (basic, bearer) = (inner.string("basic_file"), inner.string("bearer_file"));
    let span = inner.span();
    match (basic, bearer) {
        (Some(file), None) => {
            let line = line(&inner, "basic_file", &file, (place, &mut *access));
            access.auth = line.and_then(|line| basic_login(&inner, &file, &line));
        }
        (None, Some(file)) => {
            let line = line(&inner, "bearer_file", &file, (place, &mut *access));
            access.auth = line.map(|line| Auth::Bearer(Secret::new(line)));
        }
        (None, None) => inner.wrong(&span, "basic_file", "no file is named", accepted),
        (Some(_), Some(_)) => inner.wrong(&span, "bearer_file", "two logins", accepted),
    }
    inner.finish();
}

/// Reads a bearer token from its file; an absent credential is noted.
pub(super) fn bearer(
    table: &Table<'_, '_>,
    key: &str,
    file: &Found<String>,
    (place, access): (&Place, &mut Access),
) -> Option<Auth> {
    line(table, key, file, (place, access)).map(|line| Auth::Bearer(Secret::new(line)))
}

fn basic_login(table: &Table<'_, '_>, file: &Found<String>, line: &str) -> Option<Auth> {
    let Some((user, password)) = line.split_once(':') else {
        let accepted = "one line `user:password` is accepted";
        table.wrong(&file.span, "basic_file", "the file holds no `:`", accepted);
        return None;
    };
    Some(Auth::Basic { user: user.to_owned(), password: Secret::new(password) })
}

fn headers(table: &mut Table<'_, '_>, place: &Place, access: &mut Access) {
    if !table.has("headers") {
        return;
    }
    let accepted = "`{ NAME = \"VALUE\" }`, or `{ NAME = { file = \"FILE\" } }` for a secret, is \
                    accepted";
    let Some(mut inner) = table.inner("headers") else {
        table.skip("headers");
        return table.wrong(&table.span_of("headers"), "headers", "not a table", accepted);
    };
    for name in inner.keys() {
        let Some(value) = field(&mut inner, &name, place, access) else { continue };
        access.headers.push((name.value.to_ascii_lowercase(), value));
    }
}

/// Reads one field of `headers`.
fn field(
    table: &mut Table<'_, '_>,
    name: &Found<String>,
    place: &Place,
    access: &mut Access,
) -> Option<Secret> {
    let (key, lower) = (name.value.as_str(), name.value.to_ascii_lowercase());
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if key.is_empty() || !key.chars().all(is_token) {
        let accepted = "a name of letters, digits and `-` is accepted";
        table.wrong(&name.span, key, "not the name of a header field", accepted);
        return None;
    }
    if OURS.contains(&lower.as_str()) || lower.starts_with("proxy-") {
        let accepted = "`auth` sets a login, `fetch.contact` the User-Agent; other fields are \
                        accepted here";
        table.wrong(&name.span, key, "briefwire sets this field itself", accepted);
        return None;
    }
    if let Some(mut inner) = table.inner(key) {
        let file = inner.string("file");
        let span = inner.span();
        if file.is_none() {
            inner.wrong(&span, "file", MISSING, "`{ file = \"FILE\" }` is accepted");
        }
        let line = file.and_then(|file| line(&inner, "file", &file, (place, access)));
        inner.finish();
        return line.map(Secret::new);
    }
    let found = table.string(key)?;
    if TELLTALE.iter().any(|part| lower.contains(part)) {
        let accepted = "`{ file = \"FILE\" }` is accepted";
        table.wrong(&found.span, key, "a secret in the configuration", accepted);
        return None;
    }
    if !is_field_value(&found.value) {
        table.wrong(&found.span, key, "not the value of a header field", "one line is accepted");
        return None;
    }
    Some(Secret::new(found.value))
}

fn is_field_value(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_control())
}

/// Returns the one line of a file; an absent credential is noted.
fn line(
    table: &Table<'_, '_>,
    key: &str,
    file: &Found<String>,
    (place, access): (&Place, &mut Access),
) -> Option<String> {
    match read(table, key, (file, ONE_LINE), place) {
        Held::Wrong => None,
        Held::Absent(name) => {
            access.absent = Some(name);
            None
        }
        Held::Text(path, text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            let line = line.strip_suffix('\r').unwrap_or(line);
            if !is_field_value(line) {
                let found = format!("{} does not hold one line", path.display());
                table.wrong(&file.span, key, found, ONE_LINE);
                return None;
            }
            Some(line.to_owned())
        }
    }
}
