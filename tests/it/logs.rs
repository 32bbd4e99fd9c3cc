//! The log: where it goes, how it looks, and how much of it there is.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::desk::{Desk, PATIENCE, Ran, feed};
use crate::origin::Answer;

/// Returns a desk of one good source and one that fails, with this `[log]`.
fn desk(log: &str) -> Desk {
    let desk = Desk::new(&["wire", "gone"]);
    desk.origin.script("/wire", Answer::ok(feed(&[("a", "A", "Text of a.")])));
    desk.origin.script("/gone", Answer::status(500));
    desk.write("c.toml", &format!("{}{log}", desk.configuration(&["wire", "gone"])));
    desk
}

#[track_caller]
fn polled(log: &str) -> Ran {
    let ran = desk(log).run(&["poll"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran
}

#[test]
fn a_module_has_a_level_of_its_own() {
    let usual = polled("");
    assert_eq!(usual.err.matches("source fails").count(), 1, "{}", usual.err);
    assert!(!usual.err.contains(" polled "), "{}", usual.err);
    assert_eq!(polled("[log.modules]\ndaemon = \"error\"\n").err, "");
    let told = polled("[log]\nlevel = \"error\"\n[log.modules]\ndaemon = \"debug\"\n").err;
    assert!(told.contains("polled source=wire"), "{told}");
}

#[test]
fn a_line_is_one_json_object_on_request() {
    let ran = polled("[log]\nformat = \"json\"\nlevel = \"debug\"\n");
    let lines: Vec<serde_json::Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failed = lines.iter().find(|line| line["message"] == "source fails").unwrap();
    assert_eq!(failed["source"], "gone");
    assert_eq!(failed["level"], "WARN");
    assert!(failed["duration_ms"].is_u64() && failed["timestamp"].is_string(), "{failed}");
}

#[test]
fn a_stream_that_is_not_the_journal_is_not_taken_for_it() {
    // Inherited from a parent under systemd, as a shell in a unit's terminal has it.
    let desk = desk("");
    let output = desk.command(&["poll"]).env("JOURNAL_STREAM", "8:12345").output().unwrap();
    let said = Ran::from(output).err;
    assert!(said.starts_with("20") && said.contains("source fails source=gone"), "{said}");
}

#[test]
fn a_journal_that_does_not_answer_is_told_and_text_is_printed() {
    if std::fs::exists("/run/systemd/journal/socket").unwrap() {
        return eprintln!("skipped: this machine has a journal");
    }
    let said = polled("[log]\nformat = \"journal\"\n").err;
    assert!(said.contains("the journal does not answer"), "{said}");
    assert!(said.contains("source fails source=gone"), "{said}");
}

/// Reads one message of the journal's native protocol: `NAME=value`, or `NAME`, a length, a value.
fn fields(datagram: &[u8]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut fields = Vec::new();
    let mut rest = datagram;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, tail) = (text(rest.split_at(end).0), rest.split_at(end + 1).1);
        rest = tail;
        if let Some((name, value)) = line.split_once('=') {
            fields.push((name.to_owned(), value.to_owned()));
            continue;
        }
        let (length, tail) = rest.split_at(8);
        let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
        fields.push((line, text(tail.split_at(length).0)));
        rest = tail.split_at(length + 1).1;
    }
    fields
}

#[test]
fn the_journal_gets_fields_and_a_message_that_reads_alone() {
    // The socket's path is fixed, so the program runs where another directory is mounted there.
    let namespace = ["-r", "-m", "--propagation", "private"];
    let mut may = Command::new("unshare");
    may.args(namespace).args(["mount", "-t", "tmpfs", "t", "/run"]);
    if !may.output().is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: this kernel gives no mount namespace");
    }
    let desk = desk("");
    std::fs::create_dir(desk.path("journal")).unwrap();
    let socket = UnixDatagram::bind(desk.path("journal/socket")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    // Standard error is a file whose numbers stand in JOURNAL_STREAM, as systemd would do it.
    let script = "mount -t tmpfs t /run && mkdir -p /run/systemd/journal && \
        mount --bind \"$1\" /run/systemd/journal && shift && \
        exec env JOURNAL_STREAM=\"$(stat -L -c %d:%i /proc/self/fd/2)\" \"$@\"";
    let stderr = std::fs::File::create(desk.path("stderr")).unwrap();
    let poll = desk.command(&["poll"]);
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", script, "sh"]).arg(desk.path("journal"));
    command.arg(poll.get_program()).args(poll.get_args()).stderr(stderr);
    assert!(command.output().unwrap().status.success());
    assert_eq!(std::fs::read_to_string(desk.path("stderr")).unwrap(), "");
    let mut datagram = vec![0; 65_536];
    let told = loop {
        let size = socket.recv(&mut datagram).expect("the journal is told of the failure");
        let told = fields(&datagram[..size]);
        if told.iter().any(|(name, value)| name == "SOURCE" && value == "gone") {
            break told;
        }
    };
    let all = |wanted: &str| -> Vec<&str> {
        told.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(all("SYSLOG_IDENTIFIER"), ["briefwire"], "{told:?}");
    assert_eq!(all("PRIORITY"), ["4"], "{told:?}");
    assert_eq!(all("MESSAGE").len(), 1, "{told:?}");
    assert!(all("MESSAGE")[0].starts_with("source fails source=gone outcome="), "{told:?}");
    assert_eq!(all("DURATION_MS").len(), 1, "{told:?}");
}
