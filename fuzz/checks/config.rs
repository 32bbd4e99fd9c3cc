//! A configuration: right, or wrong with the place of every mistake; no file is touched.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use briefwire::config::{Config, ConfigError, Environment, Mistake, read};
use briefwire::model::Selector;

/// The whole input is the file, which is read for a command and for the daemon.
pub(crate) fn config(input: &[u8]) {
    for needs_credentials in [false, true] {
        let environment = Environment {
            state_directory: Some(PathBuf::from("/state")),
            needs_credentials,
            ..Environment::default()
        };
        let load = || read(input, Path::new("/folder/c.toml"), &environment, token);
        let (first, second) = (load(), load());
        let told = |read: &Result<Config, ConfigError>| match read {
            Ok(config) => format!("{:?}", config.sources),
            Err(error) => error.to_string(),
        };
        assert_eq!(told(&first), told(&second), "the same file, the same account of it");
        match first {
            Ok(config) => check_config(&config),
            Err(error) => check_error(&error, input),
        }
    }
}

/// Stands for the disk: some tokens are there, some are too short, the others are missing.
fn token(path: &Path) -> io::Result<String> {
    assert!(path.starts_with("/"), "paths are relative to the file: {}", path.display());
    match path.as_os_str().len() % 3 {
        0 => Ok("a-token-for-tests\n".to_owned()),
        1 => Ok("short".to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn check_config(config: &Config) {
    let mut sources = HashSet::new();
    for source in &config.sources {
        assert!(sources.insert(&source.id), "{:?} twice", source.id);
        assert!(source.was.iter().all(|was| sources.insert(was)), "{:?}", source.was);
    }
    let mut channels = HashSet::new();
    for channel in &config.channels {
        assert!(channels.insert(&channel.id), "{:?} twice", channel.id);
        assert!(channel.was.iter().all(|was| channels.insert(was)), "{:?}", channel.was);
        assert!(!channel.from.is_empty(), "{:?} takes nothing", channel.id);
        for selector in &channel.from {
            let exists = match selector {
                Selector::All => true,
                Selector::Source(id) => config.sources.iter().any(|source| source.id == *id),
                Selector::Tag(tag) => config.sources.iter().any(|s| s.tags.contains(tag)),
            };
            assert!(exists, "{selector:?} names nothing");
        }
    }
    assert!((0.0..=1.0).contains(&config.matching.threshold), "{}", config.matching.threshold);
    let fetch = &config.fetch;
    assert!(fetch.in_flight >= 1 && fetch.per_host >= 1 && fetch.max_body >= 1);
    assert!(!fetch.total_timeout.is_zero() && !fetch.min_every.is_zero());
    let shown = format!("{:?}", config.server);
    assert!(!shown.contains("a-token-for-tests"), "a secret is shown: {shown}");
}

fn check_error(error: &ConfigError, input: &[u8]) {
    let said = error.to_string();
    assert!(!matches!(error, ConfigError::Unreadable { .. }), "a file was touched: {said}");
    match error {
        ConfigError::Unreadable { .. } => {}
        ConfigError::NotUtf8 { line, .. } => {
            assert!((1..=lines(input)).contains(line), "{said}");
        }
        ConfigError::Wrong { mistakes, .. } => {
            assert!(!mistakes.is_empty());
            assert!(mistakes.is_sorted(), "mistakes stand in the order of the file");
            for mistake in mistakes {
                check_mistake(mistake, input);
            }
        }
    }
    assert!(said.starts_with("/folder/c.toml:"), "{said}");
}

fn check_mistake(mistake: &Mistake, input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = mistake.line.checked_sub(1).and_then(|above| text.split('\n').nth(above));
    let columns = line.map_or(0, |line| line.chars().count() + 1);
    assert!((1..=columns).contains(&mistake.column), "{mistake:?} of {columns} columns");
    assert!(!mistake.found.is_empty(), "{mistake:?}");
}

fn lines(input: &[u8]) -> usize {
    input.split(|byte| *byte == b'\n').count()
}
