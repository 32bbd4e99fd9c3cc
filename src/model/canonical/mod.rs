//! The canonical URL: a key under which the addresses of one article meet.
//!
//! It is compared, stored and shown as evidence, and never published as a link. The published
//! link is the publisher's own, less its tracking parameters ([`without_tracking`]).

mod names;
mod wrapper;

use std::borrow::Cow;

use url::{Host, Url};

pub use names::is_identity_parameter;

/// The number of the rules: another one, and the keys of stored items are made anew.
///
/// 1 knew no wrappers and took more parameters by their names alone.
pub(crate) const RULES: u8 = 2;

/// Returns the address without its tracking parameters; everything else stays as published.
pub fn without_tracking(url: &Url) -> Url {
    let Some(query) = url.query() else { return url.clone() };
    let is_kept = |pair: &&str| !names::is_tracking(names::halves(pair).0);
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    let mut cleaned = url.clone();
    // A query nothing was taken from is left as it is, byte for byte.
    if kept.len() < query.split('&').count() {
        cleaned.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    }
    cleaned
}

/// The key of an article's address: `host/path?query`, no scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalUrl(String);

impl CanonicalUrl {
    /// Returns the key of an http or https address by the rules that ship with the program, and
    /// `None` of anything else.
    pub fn parse(text: &str) -> Option<Self> {
        UrlRules::default().key(text)
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The rules by which addresses are compared; by default those that ship with the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UrlRules {
    /// Further parameters that are ignored.
    extra: Vec<String>,
}

impl UrlRules {
    /// Returns the rules with further names of parameters that are ignored, whatever their case.
    ///
    /// What names an article ([`is_identity_parameter`]) is not ignored for being among them.
    pub fn with(extra: Vec<String>) -> Self {
        Self { extra }
    }

    /// Returns the key of an http or https address, and `None` of anything else.
    pub fn key(&self, text: &str) -> Option<CanonicalUrl> {
        let url = Url::parse(text.trim()).ok().filter(is_web)?;
        let url = wrapper::unwrapped(&url).unwrap_or(url);
        let mut key = plain_host(&url)?;
        key.push_str(&plain_path(url.path()));
        if let Some(query) = url.query() {
            self.add_query(&mut key, query);
        }
        Some(CanonicalUrl(key))
    }

    fn add_query(&self, key: &mut String, query: &str) {
        let mut pairs: Vec<Cow<'_, str>> =
            query.split('&').map(plain_pair).filter(|pair| !pair.is_empty()).collect();
        let is_click = pairs.iter().any(|pair| pair.eq_ignore_ascii_case("action=click"));
        pairs.retain(|pair| !self.is_ignored(pair, is_click));
        pairs.sort_unstable();
        pairs.dedup();
        for (mark, pair) in std::iter::once('?').chain(std::iter::repeat('&')).zip(&pairs) {
            key.push(mark);
            key.push_str(pair);
        }
    }

    fn is_ignored(&self, pair: &str, is_click: bool) -> bool {
        let (name, value) = names::halves(pair);
        let is_named = names::is_tracking(name)
            || names::is_navigation(name, value)
            || (is_click && names::is_beside_click(name))
            || self.extra.iter().any(|extra| extra.eq_ignore_ascii_case(name));
        is_named && !is_identity_parameter(name)
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn plain_host(url: &Url) -> Option<String> {
    let name = match url.host()? {
        Host::Domain(domain) => Cow::Borrowed(plain_domain(domain)),
        address => Cow::Owned(address.to_string()),
    };
    match url.port() {
        _ if name.is_empty() => None,
        // The one scheme's default is not told apart from the other's, as the schemes are not.
        Some(80 | 443) | None => Some(name.into_owned()),
        Some(port) => Some(format!("{name}:{port}")),
    }
}

/// Takes the names of presentations off: `www.`, `m.`, `mobile.`, `amp.`.
fn plain_domain(domain: &str) -> &str {
    let mut rest = domain.trim_end_matches('.');
    while let Some((first, tail)) = rest.split_once('.') {
        if !matches!(first, "www" | "m" | "mobile" | "amp") || !is_registrable(tail) {
            break;
        }
        rest = tail;
    }
    rest
}

/// Returns whether a name can be somebody's: `m.com` keeps its `m`, and so does `m.co.uk`.
fn is_registrable(name: &str) -> bool {
    let Some((first, rest)) = name.split_once('.') else { return false };
    let is_suffix = matches!(
        first,
        "ac" | "co" | "com" | "edu" | "go" | "gob" | "gov" | "gv" | "ne" | "net" | "or" | "org"
    );
    !(is_suffix && rest.len() == 2)
}

fn plain_path(path: &str) -> String {
    let mut segments: Vec<Cow<'_, str>> =
        path.split('/').filter(|segment| !segment.is_empty()).map(plain_escapes).collect();
    while let Some(last) = segments.last_mut() {
        if let Some(plain) = without_amp(last) {
            *last = Cow::Owned(plain);
            continue;
        }
        let is_presentation = match &**last {
            "index.html" | "index.htm" => true,
            "amp" => segments.len() > 1,
            _ => false,
        };
        if !is_presentation {
            break;
        }
        segments.pop();
    }
    let mut plain = String::with_capacity(path.len());
    for segment in &segments {
        plain.push('/');
        plain.push_str(segment);
    }
    plain
}

/// Returns the name of the page that `NAME.amp` or `NAME.amp.html` is the AMP form of.
fn without_amp(segment: &str) -> Option<String> {
    let (stem, ending) = match segment.strip_suffix(".amp.html") {
        Some(stem) => (stem, ".html"),
        None => (segment.strip_suffix(".amp")?, ""),
    };
    (!stem.is_empty() && !stem.ends_with('.')).then(|| format!("{stem}{ending}"))
}

fn plain_pair(pair: &str) -> Cow<'_, str> {
    match plain_escapes(pair) {
        Cow::Borrowed(pair) => Cow::Borrowed(names::plain(pair)),
        Cow::Owned(pair) => Cow::Owned(names::plain(&pair).to_owned()),
    }
}

/// Decodes escapes of unreserved characters and writes the others in capitals (RFC 3986 6.2.2);
/// a `%` that begins none is escaped itself.
fn plain_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let Some((value, tail)) = escaped_byte(after) else {
            out.push_str("%25");
            rest = after;
            continue;
        };
        if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
            out.push(char::from(value));
        } else {
            // Its digits in capitals, as RFC 3986 6.2.2.1 has them.
            out.push('%');
            out.push_str(&after.get(..2).unwrap_or_default().to_ascii_uppercase());
        }
        rest = tail;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns the byte that the two digits after a `%` stand for, and what follows them.
fn escaped_byte(text: &str) -> Option<(u8, &str)> {
    let (digits, tail) = text.split_at_checked(2)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((u8::from_str_radix(digits, 16).ok().filter(|_| is_number)?, tail))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let key = CanonicalUrl::parse(url).expect("a web address");
        assert_eq!(key.as_str(), expected, "{url}");
    }

    #[test]
    fn spellings_of_one_address_meet() {
        for spelling in [
            "https://www.example.com/news/2024/story",
            "http://example.com/news/2024/story/",
            "https://m.example.com//news/2024/story?utm_source=rss&utm_medium=feed",
            "https://amp.example.com/news/2024/story/amp",
            "https://m.amp.example.com./news/2024/story?amp",
            "https://EXAMPLE.com:443/news/2024/story#comments",
            "http://example.com:443/news/2024/story",
            "https://user:secret@example.com/news/2024/story/index.html?fbclid=x",
            "https://example.com/news/2024/story/amp/index.html",
            "https://example.com/%6Eews/2024/story?smid=tw&hp",
            "https://example.com/news/2024/story.amp?outputType=amp",
            "https://example.com\\news/2024/story?amp=1&_amp=true",
        ] {
            check(spelling, "example.com/news/2024/story");
        }
    }

    #[test]
    fn how_a_reader_came_is_ignored() {
        for query in [
            "mod=hp_lead_pos3",
            "mod=latest&utm_source=twitter",
            "smid=tw-share&smtyp=cur",
            "partner=rss&emc=rss&_r=0",
            "action=click&module=Spotlight&pgtype=Homepage",
            "srnd=premium",
            "cid=clicksource_438_1_heads_hed",
            "rl=1#intcid=1",
            "source=rss-------8-----------------technology",
            "source=google_news&xid=rss-topheadlines",
            "src=rss&rss=1&wprss=rss_world",
            "WT.nav=top&clickSource=story&CMP=share_btn",
            "utm_source=a&amp;utm_medium=b&amp;utm_campaign=c",
            "%75tm_source=rss",
            "feedType=RSS&feedName=topNews&rpc=22",
            "xtor=RSS-3208&wt_mc=rss.politik&ITO=1490",
        ] {
            check(&format!("https://www.example.com/a?{query}"), "example.com/a");
        }
    }

    #[test]
    fn what_names_an_article_is_kept() {
        check("https://example.com/story?id=7&p=2", "example.com/story?id=7&p=2");
        check("https://example.com/story?p=2&id=7", "example.com/story?id=7&p=2");
        check("https://example.com/watch?v=Ab", "example.com/watch?v=Ab");
        check("https://example.com/a?ref=16&source=a-slug", "example.com/a?ref=16&source=a-slug");
        check("https://example.com/a?x=1&amp;ID=7", "example.com/a?ID=7&x=1");
        check(
            "https://example.com/a?module=news&action=show",
            "example.com/a?action=show&module=news",
        );
        check("https://example.com:8080/", "example.com:8080");
        check("https://m.com/a", "m.com/a");
        check("https://www.co.uk/a", "www.co.uk/a");
        check("https://example.com/amp", "example.com/amp");
        check("https://example.com/amp/a", "example.com/amp/a");
        check("https://example.com/.amp", "example.com/.amp");
        check("https://example.com/a.amp.html", "example.com/a.html");
        check("https://example.com/a%2fb%c3%a9", "example.com/a%2Fb%C3%A9");
        check("https://example.com/100%/x", "example.com/100%25/x");
        check("https://bücher.example/ü", "xn--bcher-kva.example/%C3%BC");
    }

    #[test]
    fn wrapped_addresses_are_unwrapped() {
        for wrapped in [
            "https://www.google.com/url?sa=t&q=https%3A%2F%2Fwww.example.com%2Fa%3Fid%3D7&usg=x",
            "https://www.google.co.uk/url?rct=j&amp;url=http://example.com/a%3Fid%3D7",
            "https://www.google.de/amp/s/www.example.com/a/amp?id=7",
            "https://google.com/amp/example.com/a/?id=7",
            "https://www-example-com.cdn.ampproject.org/c/s/www.example.com/a?id=7&usqp=mq",
            "https://example-com.cdn.ampproject.org/v/example.com/a.amp?id=7&amp_js_v=0.1",
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.com%2Fa%3Fid%3D7%26fbclid%3Dz&h=A",
            "https://out.reddit.com/t3_ab?url=https%3A%2F%2Fexample.com%2Fa%3Fid%3D7&token=A",
            "https://t.umblr.com/redirect?z=https%3A%2F%2Fexample.com%2Fa%3Fid%3D7&t=M",
            "https://href.li/?https://example.com/a?id=7",
            "https://href.li/?https%3A%2F%2Fexample.com%2Fa%3Fid%3D7",
            "http://www.podtrac.com/pts/redirect.mp3?http://www.example.com/a?id=7",
            "https://href.li/?https://www.google.com/url?q=https://example.com/a%3Fid%3D7",
        ] {
            check(wrapped, "example.com/a?id=7");
        }
    }

    #[test]
    fn what_does_not_say_where_it_leads_is_left() {
        check(
            "https://news.google.com/rss/articles/CBMi?oc=5",
            "news.google.com/rss/articles/CBMi?oc=5",
        );
        check("http://feedproxy.google.com/~r/Wire/~3/kTe/", "feedproxy.google.com/~r/Wire/~3/kTe");
        check(
            "https://www.google.com/search?q=https://a.example/",
            "google.com/search?q=https://a.example/",
        );
        check("https://www.google.com/url?q=elsewhere", "google.com/url?q=elsewhere");
        check(
            "https://google.example/url?q=https://a.example/",
            "google.example/url?q=https://a.example/",
        );
        check("https://google.com/amp/s/story", "google.com/amp/s/story");
        let deep = (0..9).fold("https://a.example/1".to_owned(), |inner, _| {
            let inner: String = url::form_urlencoded::byte_serialize(inner.as_bytes()).collect();
            format!("https://www.google.com/url?q={inner}")
        });
        let key = CanonicalUrl::parse(&deep).unwrap();
        assert!(key.as_str().starts_with("google.com/url?q=https%3A%2F%2Fwww.google.com"), "{key}");
    }

    #[test]
    fn an_operator_names_further_parameters() {
        let rules = UrlRules::with(vec!["Ref".to_owned(), "id".to_owned()]);
        let key = rules.key("https://example.com/a?REF=16&id=7&x=1").unwrap();
        assert_eq!(key.as_str(), "example.com/a?id=7&x=1", "what names an article stays");
    }

    #[test]
    fn only_web_addresses_have_a_key() {
        for other in ["mailto:a@b.co", "tag:example.com,2024:1", "urn:isbn:1", "story", "http://./"]
        {
            assert_eq!(CanonicalUrl::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_published_link_loses_tracking_and_nothing_else() {
        let clean = |url: &str| without_tracking(&Url::parse(url).expect("a URL")).to_string();
        assert_eq!(
            clean("https://www.example.com/a/?utm_source=x&id=7&fbclid=y#part"),
            "https://www.example.com/a/?id=7#part"
        );
        assert_eq!(clean("https://example.com/a?utm_source=x"), "https://example.com/a");
        assert_eq!(clean("https://example.com/a?mod=hp&b"), "https://example.com/a?mod=hp&b");
        assert_eq!(clean("https://example.com/a?x=1&amp;utm_id=2"), "https://example.com/a?x=1");
    }

    /// An article, as what tells it from every other.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Article {
        host: String,
        path: Vec<String>,
        /// The name and the value of an identity parameter.
        identity: Option<(&'static str, String)>,
    }

    /// How one of its addresses is written.
    #[derive(Debug, Clone)]
    struct Disguise {
        scheme: &'static str,
        prefix: &'static str,
        ending: &'static str,
        before: &'static str,
        after: &'static str,
        is_escaped: bool,
        wrapper: usize,
    }

    fn articles() -> impl Strategy<Value = Article> {
        let host =
            ("[a-z][a-z0-9-]{0,3}[a-z0-9]", prop::sample::select(&["com", "org", "co.uk"][..]));
        let name = prop::sample::select(&["id", "p", "page", "v", "story", "article"][..]);
        let identity = prop::option::of((name, "[a-c0-2]{1,2}"));
        (host, prop::collection::vec("[a-c]{1,2}(-[0-9]|\\.html)?|%C3%A9|amp[a-c]", 0..4), identity)
            .prop_map(|((name, suffix), path, identity)| Article {
                // Short ones with two dashes are of IDNA.
                host: format!("{}.{suffix}", name.replace("--", "-a")),
                path,
                identity,
            })
    }

    fn disguises() -> impl Strategy<Value = Disguise> {
        (
            prop::sample::select(&["http", "https"][..]),
            prop::sample::select(&["", "www.", "m.", "mobile.", "amp.", "WWW.m."][..]),
            prop::sample::select(&["", "/", "//", "/index.html", "/amp", "/amp/"][..]),
            prop::sample::select(&["", "utm_source=x", "mod=hp_pos1&smid=tw", "_r=1&hp"][..]),
            prop::sample::select(
                &["", "fbclid=y", "amp;utm_id=3&source=rss", "amp=1#top", "src=rss#a?id=9"][..],
            ),
            any::<bool>(),
            0_usize..8,
        )
            .prop_map(|(scheme, prefix, ending, before, after, is_escaped, wrapper)| {
                Disguise { scheme, prefix, ending, before, after, is_escaped, wrapper }
            })
    }

    fn disguised(article: &Article, how: &Disguise) -> String {
        let path = article.path.iter().fold(String::new(), |path, segment| path + "/" + segment);
        let path =
            if how.is_escaped { path.replace('a', "%61").replace("%C3", "%c3") } else { path };
        // At the very beginning of a path `amp` is a name.
        let ending = if path.is_empty() { "/" } else { how.ending };
        let identity = article.identity.as_ref().map(|(name, value)| format!("{name}={value}"));
        let identity = identity.unwrap_or_default();
        let pairs = [how.before, identity.as_str(), how.after];
        let query: Vec<&str> = pairs.into_iter().filter(|pair| !pair.is_empty()).collect();
        let rest = format!("{}{}{path}{ending}?{}", how.prefix, article.host, query.join("&"));
        let address = format!("{}://{rest}", how.scheme);
        let escaped: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
        match how.wrapper {
            0 => format!("https://www.google.com/url?sa=t&url={escaped}"),
            1 => format!("https://l.facebook.com/l.php?u={escaped}&h=AT0"),
            2 => format!("https://www.google.com/amp/s/{rest}"),
            3 => format!("https://href.li/?{address}"),
            _ => address,
        }
    }

    fn key(address: &str) -> String {
        CanonicalUrl::parse(address).expect("a web address").to_string()
    }

    proptest! {
        #[test]
        fn addresses_of_one_article_meet(article in articles(), how in [disguises(), disguises()]) {
            let [one, other] = how.map(|how| disguised(&article, &how));
            prop_assert_eq!(key(&one), key(&other), "{} {}", one, other);
        }

        #[test]
        fn addresses_of_two_articles_never_do(
            articles in [articles(), articles()],
            is_one_host in any::<bool>(),
            how in [disguises(), disguises()],
        ) {
            let [one, mut other] = articles;
            if is_one_host {
                other.host.clone_from(&one.host);
            }
            prop_assume!(one != other);
            let [how, else_how] = how;
            let (one, other) = (disguised(&one, &how), disguised(&other, &else_how));
            prop_assert_ne!(key(&one), key(&other), "{} {}", one, other);
        }

        #[test]
        fn a_key_is_its_own_key(article in articles(), how in disguises()) {
            let once = key(&disguised(&article, &how));
            prop_assert_eq!(key(&format!("https://{once}")), once);
        }

        #[test]
        fn so_is_that_of_any_address(
            rest in "[a-z.]{1,6}(:[0-9]{2,3})?(/|[a-z.%&=;?#~+]|%[2-7][0-9a-f]|amp|index\\.html){0,12}",
            host in prop::sample::select(&["", "www.", "google.com/url?q=https://", "m.", "href.li/?"][..])
        ) {
            if let Some(once) = CanonicalUrl::parse(&format!("http://{host}{rest}")) {
                prop_assert_eq!(CanonicalUrl::parse(&format!("https://{once}")), Some(once));
            }
        }
    }
}
