//! What is right in a configuration and is probably not meant.

use super::{Config, Listen};

/// Returns what an operator probably did not mean, a sentence each, with what to do.
///
/// Nothing of it keeps the daemon from running.
pub fn doubts(config: &Config) -> Vec<String> {
    let mut doubts = Vec::new();
    if config.sources.is_empty() {
        doubts.push("there is no `[[source]]`: nothing is polled".to_owned());
    }
    if config.channels.is_empty() {
        doubts.push("there is no `[[channel]]`: nothing is published".to_owned());
    } else {
        let is_taken = |source: &&_| !config.channels.iter().any(|channel| channel.takes(source));
        for source in config.sources.iter().filter(is_taken) {
            let id = source.id.as_str();
            doubts.push(format!("no channel takes the source `{id}`: its items are stored only"));
        }
    }
    let server = &config.server;
    let is_open = match &server.listen {
        Listen::Tcp(address) => !address.ip().is_loopback(),
        Listen::Unix(_) => false,
    };
    if is_open && server.public_url.is_none() {
        let why = "`server.listen` lets other machines in, and `server.public_url` is not set: \
                   links in feeds begin with the listening address, and /status and /metrics need \
                   no token";
        doubts.push(why.to_owned());
    }
    if config.fetch.websub && server.public_url.is_none() {
        let why = "`fetch.websub` asks no hub, since hubs have to reach `server.public_url`, which \
                   is not set";
        doubts.push(why.to_owned());
    }
    doubts
}
