//! Tokens that systemd gives as credentials, and commands that get none.

use std::path::Path;

use briefwire::config::{Environment, load, read};

use crate::desk::{Desk, feed};
use crate::origin::Answer;
use crate::serving::TOKEN;

/// Returns a desk whose API token and whose one channel beside `all` are credentials.
fn desk() -> Desk {
    let desk = Desk::new(&["wire"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "A", "Text of a.")])));
    let text = desk.configuration(&["wire"]).replace("\"token\"", "\"credential:admin\"")
        + "[[channel]]\nid = \"inner\"\ntitle = \"Inner\"\nfrom = [\"*\"]\n\
           token_file = \"credential:inner\"\n";
    desk.write("c.toml", &text);
    desk
}

#[test]
fn the_daemon_takes_its_tokens_from_the_credentials() {
    let desk = desk();
    std::fs::create_dir(desk.path("credentials")).unwrap();
    desk.write("credentials/admin", "a-token-for-tests\n");
    desk.write("credentials/inner", "an-inner-token\n");
    let mut command = desk.command(&["run"]);
    command.env("CREDENTIALS_DIRECTORY", desk.path("credentials"));
    let daemon = Desk::start_by(command);
    assert_eq!(daemon.ask("GET", "api/sources", &[TOKEN], b"").status, 200);
    assert_eq!(daemon.ask("GET", "api/sources", &[], b"").status, 401);
    assert_eq!(daemon.get("feeds/inner.xml").status, 404);
    daemon.until("feeds/inner.xml?token=an-inner-token", |got| got.status == 200);
    // A shell has no credentials, and asks the daemon all the same.
    assert!(desk.ok(&["status"]).contains("wire"));
}

#[test]
fn a_daemon_without_its_credentials_says_what_to_do() {
    let desk = desk();
    let ran = desk.run(&["run"]);
    assert_eq!(ran.code, 78);
    let said = ran.err.replace(&desk.path("").display().to_string(), "");
    let todo = "$CREDENTIALS_DIRECTORY is not set; `LoadCredential=NAME:FILE` in the systemd unit \
                gives it; without systemd, the path of a file is accepted";
    let text = std::fs::read_to_string(desk.path("c.toml")).unwrap();
    let line = |column: usize, key: &str, name: &str| {
        let row = text.lines().position(|line| line.contains(&format!("credential:{name}")));
        format!(
            "c.toml:{}:{column}: {key}: no credential `{name}`: {}\n",
            row.unwrap() + 1,
            todo.replace("NAME", name)
        )
    };
    let expected =
        line(20, "server.admin_token_file", "admin") + &line(14, "channel.token_file", "inner");
    assert_eq!(said, expected);
}

#[test]
fn a_reload_by_the_unit_goes_on_without_credentials_that_it_may_not_read() {
    let text = "[server]\nadmin_token_file = \"credential:admin\"\n\
                [[channel]]\nid = \"inner\"\ntitle = \"Inner\"\nfrom = [\"*\"]\n\
                token_file = \"credential:inner\"\n";
    let environment = |needs_credentials| Environment {
        credentials_directory: Some("/run/credentials/briefwire.service".into()),
        needs_credentials,
        ..Environment::default()
    };
    let shut = |_: &Path| Err(std::io::ErrorKind::PermissionDenied.into());
    let load = |needs| read(text.as_bytes(), Path::new("/c.toml"), &environment(needs), shut);
    let config = load(false).unwrap();
    assert!(config.server.admin_token.is_none() && config.channels[0].token.is_some());
    let said = load(true).unwrap_err().to_string();
    assert_eq!(said.matches("cannot read /run/credentials/").count(), 2, "{said}");
}

#[test]
fn a_credential_that_the_unit_does_not_load_is_a_mistake_everywhere() {
    let desk = desk();
    std::fs::create_dir(desk.path("credentials")).unwrap();
    desk.write("credentials/admin", "a-token-for-tests\n");
    let mut command = desk.command(&["check"]);
    let output = command.env("CREDENTIALS_DIRECTORY", desk.path("credentials")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(
        said.contains("channel.token_file: cannot read") && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn a_command_without_credentials_keeps_a_secret_channel_secret() {
    let desk = desk();
    desk.ok(&["check"]);
    desk.poll();
    assert!(!desk.path("store/documents/inner.xml").exists());
    let token = || {
        let config = load(&desk.path("c.toml"), &Environment::default()).unwrap();
        assert!(config.server.admin_token.is_none());
        config.channels.last().unwrap().token.clone().unwrap()
    };
    let (one, other) = (token(), token());
    assert_ne!(one, other);
    let one = one.reveal();
    assert!(one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
}
