//! Lists of subscriptions, in and out, by the real binary.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::desk::{Desk, Ran, missing};

/// What sources are, for one that is put in from a list to be the same.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    id: String,
    url: String,
    title: String,
    tags: String,
}

/// Returns the sources of a configuration as the tests write it: a key a line.
fn sources(toml: &str) -> Vec<Known> {
    let table = |text: &str| {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
            line.unwrap_or_default().to_owned()
        };
        Known { id: value("id"), url: value("url"), title: value("title"), tags: value("tags") }
    };
    let mut sources: Vec<Known> = toml.split("[[source]]").skip(1).map(table).collect();
    sources.sort_by(|a, b| a.id.cmp(&b.id));
    sources
}

/// Runs a command of `desk` with `input` on its standard input.
fn fed(desk: &Desk, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = desk.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}

/// Checks that a document is well-formed.
#[track_caller]
fn assert_well_formed(desk: &Desk, xml: &str) {
    desk.write("checked.opml", xml);
    let ran = Command::new("xmllint").arg("--noout").arg(desk.path("checked.opml")).output();
    let Ok(ran) = ran else { return missing("xmllint") };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

const SOURCES: &str = r#"
[[source]]
id = "plain"
url = "https://plain.example/feed"

[[source]]
id = "world.1"
url = "https://world.example/rss.xml"
title = "World \"News\" & <more> — статья"
tags = ["world"]

[[source]]
id = "many"
url = "https://many.example/"
title = "Many"
tags = ["tech & science", "a,b", "c/d", "world"]

[[source]]
id = "world-2"
url = "https://world.example/2"
tags = ["world", "50%"]
"#;

const SECRET: &str = r#"
[[source]]
id = "said-private"
url = "https://hidden-a.example/feed"
private = true

[[source]]
id = "with-login"
url = "https://hidden-b.example/feed"
auth = { bearer_file = "token" }

[[source]]
id = "with-query"
url = "https://hidden-c.example/feed?key=hush"

[[source]]
id = "with-header"
url = "https://hidden-d.example/feed"
headers = { X-Key = { file = "token" } }

[[source]]
id = "in-a-file"
url = "file:hidden-e.xml"
"#;

#[test]
fn what_is_exported_is_imported_the_same_and_nothing_secret_is_exported() {
    let from = Desk::new(&[]);
    from.write("c.toml", &(from.configuration(&[]) + SOURCES + SECRET));
    let exported = from.run(&["source", "export"]);
    assert_eq!(exported.code, 0, "{}", exported.err);
    assert_well_formed(&from, &exported.out);
    assert!(!exported.out.contains("hidden") && !exported.out.contains("hush"), "{}", exported.out);
    assert!(
        exported.err.contains("left out, being private or a file: 5 sources"),
        "{}",
        exported.err
    );
    assert!(
        exported.err.contains("said-private, with-login, with-query, with-header, in-a-file"),
        "{}",
        exported.err
    );
    assert!(!exported.err.contains("hidden"), "{}", exported.err);

    let to = Desk::new(&[]);
    let imported = fed(&to, &["source", "import", "-"], exported.out.as_bytes());
    assert_eq!(imported.code, 0, "{}", imported.err);
    assert_eq!(sources(&imported.out), sources(SOURCES));
    to.write("c.toml", &(to.configuration(&[]) + &imported.out));
    assert!(to.ok(&["check"]).contains("4 sources, 1 channel: ok"));

    // Once more, and all is there.
    let again = fed(&to, &["source", "import", "-"], exported.out.as_bytes());
    assert_eq!((again.code, sources(&again.out).len()), (0, 0), "{}", again.out);
    assert!(
        again.out.contains(
            "World \"News\" & <more> — статья (https://world.example/rss.xml) is source `world.1`"
        ),
        "{}",
        again.out
    );
    to.write("c.toml", &(to.configuration(&[]) + SOURCES + &again.out));
    to.ok(&["check"]);
}

/// A list as they really are: from a reader of twenty years ago, edited by hand since.
const BROKEN: &str = "\u{feff}<?xml version=\"1.0\"?>
<!-- exported by AggreGator 0.9 -->
<opml version=\"1.0\">
<head><title>Subscriptions of J&R</title><dateCreated>soon</dateCreated></head>
<body>
  <outline text=\"Tech & Science\" isOpen=\"false\">
    <outline title=\"AT&T's \"Labs\" text='Labs' xmlurl='http://labs.example/feed?a=1&b=2' foo=bar/>
    <outline text=\"Deeper\">
      <outline text=\"Mañana \\ \"\"\" ]] # x\" type=\"RSS\" xmlUrl=\"https://manana.example/f\" htmlUrl=\"https://manana.example\"></outline>
    </outline>
    <outline text=\"https://untitled.example/feed.xml\" xmlUrl=\"https://untitled.example/feed.xml\">
    </outline>
  </outline>
  <outline text=\"Labs\" xmlUrl=\"feed://other.example/labs\"/>
  <outline text=\"Twice\" xmlUrl=\"HTTPS://www.MANANA.example/f/?utm_source=opml\"/>
  <outline text=\"Known\" xmlUrl=\"http://known.example/feed\"/>
  <outline text=\"Login\" xmlUrl=\"https://me:hush@login.example/feed\"/>
  <outline text=\"Gone\" type=\"rss\"/>
  <outline text=\"Local\nfile\" xmlUrl=\"file:///etc/passwd\"/>
";

#[test]
fn a_list_as_they_really_are_is_imported_as_far_as_it_goes() {
    let desk = Desk::new(&[]);
    let known = "[[source]]\nid = \"labs\"\nurl = \"https://known.example/feed\"\n";
    let configuration = desk.configuration(&[]) + known;
    desk.write("c.toml", &configuration);
    desk.write("list.opml", BROKEN);
    let list = desk.path("list.opml");
    let ran = desk.run(&["source", "import", list.to_str().unwrap()]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    insta::assert_snapshot!(ran.out);
    let told: Vec<&str> =
        ran.err.lines().map(|line| line.split_once(".opml:").unwrap().1).collect();
    assert_eq!(
        told,
        [
            "17: Login: its address holds a login; put that into a file, and name the file by `auth`",
            "18: Gone: it has no `xmlUrl`",
            "19: Local file: its address is of the scheme `file`; http and https are accepted",
            " 4 sources; 2 configured already or listed twice, 3 not readable",
        ]
    );
    assert!(!ran.err.contains("hush") && !ran.out.contains("hush"));
    desk.write("c.toml", &(configuration + &ran.out));
    assert!(desk.ok(&["check"]).contains("5 sources, 1 channel: ok"));
}

#[test]
fn what_is_no_list_is_refused_with_a_reason() {
    let desk = Desk::new(&[]);
    let import = |input: &[u8]| {
        let ran = fed(&desk, &["source", "import", "-"], input);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
        ran.err
    };
    assert!(import(b"").contains("cannot read standard input: the document is empty"));
    assert!(import(b"<html></html>").contains("the document is an HTML page, and no OPML"));
    assert!(import(b"<opml><body/></opml>").contains("standard input lists no feeds"));
    let bad = b"<opml><outline text='x' xmlUrl='nonsense'/></opml>";
    assert!(import(bad).contains("standard input:1: x: `nonsense` is no address"));
    let large = vec![b' '; (16 << 20) + 1];
    assert!(import(&large).contains("larger than 16 MiB"));
    assert_eq!(desk.run(&["source", "import", "/nowhere.opml"]).code, 1);
}

#[test]
fn a_first_configuration_may_begin_with_a_list() {
    let desk = Desk::new(&[]);
    desk.write("list.opml", "<opml><outline text='A' xmlUrl='https://a.example/'/></opml>");
    if Path::new("/etc/briefwire/briefwire.toml").exists() {
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_briefwire"))
        .args(["source", "import"])
        .arg(desk.path("list.opml"))
        .env_remove("BRIEFWIRE_CONFIG")
        .env("XDG_CONFIG_HOME", desk.path("nowhere"))
        .output();
    let ran: Ran = output.unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, "[[source]]\nid = \"a\"\nurl = \"https://a.example/\"\ntitle = \"A\"\n");
}

#[test]
fn all_public_channels_are_listed_for_programs() {
    let desk = Desk::new(&[]);
    let channels = "[[channel]]\nid = \"hidden\"\ntitle = \"Hidden\"\nfrom = [\"*\"]\ntoken_file = \"token\"\n\
        [[channel]]\nid = \"world\"\ntitle = \"World & \\\"sea\\\"\"\nfrom = [\"*\"]\n\
        [[source]]\nid = \"none\"\nurl = \"file:none.xml\"\n";
    desk.write("c.toml", &(desk.configuration(&[]) + channels));
    let daemon = Desk::spawn(desk.command(&["run"]));
    let got = daemon.get("opml");
    assert_eq!(got.status, 200);
    assert_eq!(got.header("Content-Type").unwrap(), "text/x-opml; charset=utf-8");
    assert_eq!(got.header("X-Content-Type-Options").unwrap(), "nosniff");
    assert_eq!(got.header("Cache-Control").unwrap(), "public, max-age=300");
    assert_well_formed(&desk, &got.text());
    let text = got.text();
    assert!(text.contains(&format!("xmlUrl=\"{}\"", daemon.url("feeds/all.xml"))), "{text}");
    assert!(text.contains("text=\"World &amp; &quot;sea&quot;\""), "{text}");
    assert!(!text.to_lowercase().contains("hidden") && !text.contains("token"), "{text}");
    assert_eq!(text.matches("type=\"rss\"").count(), 2);

    let tag = got.header("ETag").unwrap();
    assert!(tag.starts_with('"'), "{tag} is strong");
    let again = daemon.ask("GET", "opml", &[("If-None-Match", &tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("ETag"), Some(tag));
    let date = ("If-Modified-Since", "Mon, 23 Nov 2099 10:00:00 GMT");
    assert_eq!(daemon.ask("GET", "opml", &[date], b"").status, 200, "it has no date");
    let head = daemon.ask("HEAD", "opml", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    daemon.until("", |got| got.text().contains("href=\"/opml\""));

    // What is read by other programs is read by ours, too.
    let imported = fed(&desk, &["source", "import", "-"], text.as_bytes());
    assert_eq!(imported.code, 0, "{}", imported.err);
    assert_eq!(sources(&imported.out).len(), 2, "{}", imported.out);
}
