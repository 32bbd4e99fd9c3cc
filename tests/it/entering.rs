//! Logins, proxies and authorities of a source: who is shown what, and who is not.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::desk::{Desk, feed};
use crate::origin::{Answer, Origin};

const LOGIN: &str = "Basic ZGVzazpodXNoIGh1c2g=";

/// A desk with one source at its origin, and further lines for that source.
fn desk_with(lines: &str) -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.write("c.toml", &(desk.configuration(&["wire"]) + lines));
    desk.write("login", "desk:hush hush\n");
    desk.write("key", "k-e-y\n");
    desk
}

fn wire() -> String {
    feed(&[("1", "Behind the wall", "x")])
}

#[test]
fn a_login_goes_to_the_sources_own_place_and_nowhere_else() {
    let desk = desk_with(
        "auth = { basic_file = \"login\" }\n\
         headers = { X-Api-Key = { file = \"key\" }, Accept-Language = \"nn\" }\n",
    );
    let elsewhere = Origin::start();
    // A name that leads to this machine counts as another host, and is refused altogether.
    desk.origin.script("/wire", Answer::status(302).with("location", "/inside"));
    let outside = elsewhere.url("/outside");
    desk.origin.script("/inside", Answer::status(302).with("location", &outside));
    desk.run(&["poll"]);
    for path in ["/wire", "/inside"] {
        let asked = desk.origin.take_asked(path).remove(0);
        assert_eq!(asked.header("authorization"), Some(LOGIN));
        assert_eq!(asked.header("x-api-key"), Some("k-e-y"));
        assert_eq!(asked.header("accept-language"), Some("nn"));
    }
    assert!(elsewhere.take_asked("/outside").is_empty());

    desk.origin.script("/inside", Answer::ok(wire()));
    let document = desk.poll();
    assert!(document.contains("Behind the wall"));
    let told = desk.run(&["source", "test", "wire"]);
    let logged = desk.command(&["poll"]).env("RUST_LOG", "trace").output().unwrap();
    let texts = [
        document,
        told.out,
        desk.ok(&["check"]),
        desk.ok(&["why", "wire", "--json"]),
        desk.ok(&["status", "--json"]),
        String::from_utf8(logged.stderr).unwrap(),
    ];
    for text in texts {
        for secret in ["hush", "ZGVzazpodXNoIGh1c2g", "k-e-y"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn a_login_is_not_carried_to_another_host_or_port() {
    let desk = Desk::new(&[]);
    // A proxy sees all that is sent, and lets us reach hosts that the guard keeps no watch over.
    let proxy = Origin::start();
    let chain = [
        "http://wire.example.invalid/feed",
        "http://wire.example.invalid/own",
        "http://wire.example.invalid:8080/port",
        "http://other.example.invalid/host",
    ];
    for (from, to) in chain.iter().zip(chain.iter().skip(1)) {
        proxy.script(from, Answer::status(302).with("location", to));
    }
    proxy.script(chain[3], Answer::ok(wire()));
    let source = format!(
        "[[source]]\nid = \"far\"\nurl = \"{}\"\nproxy = \"{}\"\n\
         auth = {{ basic_file = \"login\" }}\nheaders = {{ X-Api-Key = {{ file = \"key\" }} }}\n",
        chain[0],
        proxy.url("/")
    );
    desk.write("login", "desk:hush hush\n");
    desk.write("key", "k-e-y\n");
    desk.write("c.toml", &(desk.configuration(&[]) + &source));
    desk.run(&["poll"]);
    let carried = chain.map(|url| {
        let asked = proxy.take_asked(url).remove(0);
        (asked.header("authorization").is_some(), asked.header("x-api-key").is_some())
    });
    assert_eq!(carried, [(true, true), (true, true), (false, false), (false, false)]);
}

#[test]
fn what_stands_in_the_address_of_a_redirect_is_told_to_nobody() {
    let desk = Desk::new(&["odd", "moved"]);
    let odd = "ftp://user:t0ken@example.org/t0ken?key=t0ken";
    desk.origin.script("/odd", Answer::status(302).with("location", odd));
    desk.origin.script("/moved", Answer::status(301).with("location", "/new?key=t0ken"));
    desk.origin.script("/new?key=t0ken", Answer::ok(wire()));
    let told = desk.command(&["poll"]).env("RUST_LOG", "trace").output().unwrap();
    let daemon = desk.start();
    let texts = [
        String::from_utf8(told.stdout).unwrap(),
        String::from_utf8(told.stderr).unwrap(),
        desk.ok(&["why", "odd"]),
        daemon.get("status").text(),
    ];
    assert!(texts[2].contains("a redirect leads to `ftp:`"), "{}", texts[2]);
    assert!(texts[3].contains("/new"), "{}", texts[3]);
    assert!(texts.iter().all(|text| !text.contains("t0ken")), "{texts:?}");
}

#[test]
fn a_bearer_token_is_sent_and_a_refusal_is_named() {
    let desk = desk_with("auth = { bearer_file = \"key\" }\n");
    desk.origin.script("/wire", Answer::status(401));
    desk.run(&["poll"]);
    let asked = desk.origin.take_asked("/wire").remove(0);
    assert_eq!(asked.header("authorization"), Some("Bearer k-e-y"));
    let why = desk.ok(&["why", "wire"]);
    assert!(why.contains("HTTP 401: it does not take the login of `auth`"), "{why}");
}

#[test]
fn a_challenge_page_is_named_as_one() {
    let desk = Desk::new(&["blocked", "disguised", "forbidden"]);
    let page = "<html><head><title>Just a moment...</title></head></html>";
    let blocked = Answer::status(403).with("cf-mitigated", "challenge");
    desk.origin.script("/blocked", blocked);
    desk.origin.script("/disguised", Answer::ok(page).with("content-type", "text/html"));
    desk.origin.script("/forbidden", Answer::status(403));
    desk.run(&["poll"]);
    let why = |source| desk.ok(&["why", source]);
    let challenge = "a challenge page of Cloudflare asks for a browser";
    assert!(why("blocked").contains(&format!("HTTP 403: {challenge}")), "{}", why("blocked"));
    assert!(why("disguised").contains(challenge), "{}", why("disguised"));
    assert!(why("forbidden").contains("HTTP 403: it forbids access"));
}

#[test]
fn a_source_is_asked_through_its_proxy() {
    let desk = Desk::new(&[]);
    let proxy = Origin::start();
    // Only the proxy knows the name; what is private stays out of reach behind it too.
    let urls = ["http://wire.example.invalid/feed", "http://127.0.0.1:9/feed"];
    let mut text = desk.configuration(&[]);
    for (id, url) in ["far", "near"].iter().zip(urls) {
        let line = format!("proxy = \"{}\"", proxy.url("/"));
        text += &format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\nfirst = \"all\"\n{line}\n");
        proxy.script(url, Answer::ok(wire()));
    }
    desk.write("c.toml", &text);
    assert!(desk.poll().contains("Behind the wall"));
    let asked = proxy.take_asked(urls[0]).remove(0);
    assert_eq!(asked.header("host"), Some("wire.example.invalid"));
    assert!(proxy.take_asked(urls[1]).is_empty());
    let why = desk.ok(&["why", "near"]);
    assert!(why.contains("`127.0.0.1` is not a public address"), "{why}");
}

/// Serves one feed over TLS and HTTP/2, and returns its port.
async fn secure_origin() -> u16 {
    let file = |name: &str| format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let chain = vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust us breaks off.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                body.send_data(wire().into(), true).unwrap();
            }
        }
    });
    port
}

#[test]
fn an_own_authority_is_trusted_and_http_2_is_spoken_where_it_is_offered() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let port = runtime.block_on(secure_origin());
    let desk = Desk::new(&[]);
    let source = format!(
        "[[source]]\nid = \"wire\"\nurl = \"https://localhost:{port}/feed\"\n\
         allow_private = true\nfirst = \"all\"\n"
    );
    let text = desk.configuration(&[]) + &source;
    desk.write("c.toml", &text);
    let told = desk.run(&["source", "test", "wire"]);
    assert_eq!(told.code, 1);
    assert!(told.err.contains("certificate"), "{}", told.err);

    let authority = format!("{}/tests/tls/ca.pem", env!("CARGO_MANIFEST_DIR"));
    let trusting = text.replace("[fetch]\n", &format!("[fetch]\nca_file = \"{authority}\"\n"));
    desk.write("c.toml", &trusting);
    let told = desk.ok(&["source", "test", "wire"]);
    assert!(told.contains("< HTTP/2.0 200"), "{told}");
    assert!(desk.poll().contains("Behind the wall"));
}
