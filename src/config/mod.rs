//! The configuration: TOML → checked [`Config`], or every mistake of the file at once.
//!
//! What is past this module is valid: sources and channels have unique ids, selectors name
//! what exists, paths are absolute or relative to the working directory, limits are in range.
//! Applying a changed configuration to a running daemon is `daemon`'s duty.

mod access;
mod channels;
mod doubts;
mod endpoint;
mod filters;
mod locate;
mod mistake;
mod secret;
mod sections;
mod sources;
mod syntax;
mod table;
mod value;
mod written;

use std::cell::RefCell;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;
use url::Url;

use crate::model::{Access, Channel, Secret, Source, TrustedProxies};

pub use doubts::doubts;
pub use locate::{Environment, find};
use mistake::Mistakes;
pub use mistake::{ConfigError, Mistake};
use table::Table;
pub use written::source_table;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// `[server]`
    pub server: Server,
    /// `[store]`
    pub store: Store,
    /// `[backup]`
    pub backup: Backup,
    /// `[fetch]`
    pub fetch: Fetch,
    /// `[briefs]`: the directory of brief documents, if there is one.
    pub briefs_dir: Option<PathBuf>,
    /// `[matching]`
    pub matching: Matching,
    /// `[enrich]`
    pub enrich: Enrich,
    /// `[publish]`
    pub publish: Publish,
    /// `[log]`
    pub log: Log,
    /// `[[source]]`, in the order of the file.
    pub sources: Vec<Source>,
    /// `[[channel]]`, in the order of the file.
    pub channels: Vec<Channel>,
}

/// `[server]`: what the outside can reach.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where HTTP is answered.
    pub listen: Listen,
    /// The address that subscribers use, without a trailing slash.
    pub public_url: Option<Url>,
    /// The bearer token of the API, read from its file.
    pub admin_token: Option<Secret>,
    /// `/status` and `/metrics` paths that need no token although `public_url` is set.
    pub open: Vec<String>,
    /// Whose `X-Forwarded-…` headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// How many connections there may be at once.
    pub max_connections: usize,
    /// How long a request's header may take.
    pub header_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a reader may take nothing of its answer.
    pub write_timeout: Duration,
}

/// Where HTTP is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// `[store]`: what is durable.
#[derive(Debug, Clone)]
pub struct Store {
    /// Its directory.
    pub path: PathBuf,
    /// The database's cache, in bytes.
    pub cache: u64,
    /// With fewer free bytes on its disk sources are not polled; with fewer than half of it
    /// nothing is stored.
    pub min_free: u64,
    /// Items are forgotten so long after the last document that listed them.
    pub max_age: Duration,
    /// Items of one source; the oldest beyond are forgotten.
    pub max_items_per_source: usize,
    /// Items in all.
    pub max_items: usize,
}

/// `[backup]`: the backups that the daemon makes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Between two; without it none are made.
    pub every: Option<Duration>,
    /// How many are kept.
    pub keep: usize,
    /// Where they lie, and where a damaged store looks for one.
    pub dir: PathBuf,
}

/// `[fetch]`: how sources are polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Stands in the User-Agent, so that a publisher can reach the operator.
    pub contact: Option<String>,
    /// Base interval while a source's rhythm is unknown.
    pub every: Duration,
    /// No scheduled poll comes more often.
    pub min_every: Duration,
    /// No scheduled poll comes less often, except where a publisher asks for it.
    pub max_every: Duration,
    /// Polls under way at once.
    pub in_flight: usize,
    /// Polls under way at once on one host.
    pub per_host: usize,
    /// Between two starts on one host.
    pub host_spacing: Duration,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// Until the header of an answer is there.
    pub header_timeout: Duration,
    /// Between two pieces of a body.
    pub idle_timeout: Duration,
    /// For a whole poll.
    pub total_timeout: Duration,
    /// Decoded bytes of one body.
    pub max_body: u64,
    /// Bytes of one body on the wire.
    pub max_wire: u64,
    /// Certificates (PEM) of authorities that are trusted beside the system's.
    pub ca: Option<String>,
    /// Whether hubs are asked to tell what is new (WebSub); needs `server.public_url`.
    pub websub: bool,
}

/// `[matching]`: which brief an item gets.
#[derive(Debug, Clone)]
pub struct Matching {
    /// How long a new item waits for a brief before it is published with an extracted one.
    pub wait: Duration,
    /// The least score of a match by words.
    pub threshold: f64,
    /// Items younger than this are looked at again when a brief arrives.
    pub recent: Duration,
    /// At most this many of them.
    pub recent_items: usize,
    /// Parameters of addresses that are ignored when these are compared, beside those that the
    /// program knows; none of them names articles.
    pub ignore_parameters: Vec<String>,
}

/// `[enrich]`: the generated brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrich {
    /// Sentences of an extracted summary.
    pub sentences: usize,
    /// Key terms of an extracted brief.
    pub key_terms: usize,
    /// `[enrich.model]`: without it no model is asked.
    pub model: Option<LanguageModel>,
}

/// `[enrich.model]`: a language model behind an OpenAI-compatible API, and what it may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageModel {
    /// The address of its `chat/completions`.
    pub url: Url,
    /// Its name there; printed on items.
    pub model: String,
    /// Its key.
    pub access: Access,
    /// The language that it answers in; `None` is that of the item.
    pub lang: Option<String>,
    /// For one answer.
    pub timeout: Duration,
    /// Question and answer of one item.
    pub item_tokens: u32,
    /// Of a day (UTC).
    pub tokens_a_day: u64,
    /// Of a day (UTC).
    pub requests_a_day: u64,
    /// Items that wait; while it is full none is added.
    pub queue: usize,
}

/// `[publish]`: the documents.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Where rendered documents are written.
    pub dir: PathBuf,
    /// How long finished pages of archives are kept; none are made if it is zero.
    pub archive: Duration,
    /// What channels tell readers as their `ttl`.
    pub ttl: Duration,
    /// A picture for every channel.
    pub image: Option<Url>,
    /// The hub that is told of changed documents (WebSub), and that they name.
    pub hub: Option<Url>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The least level that is printed.
    pub level: Level,
    /// `[log.modules]`: the same for single modules, each a module of `lib.rs`.
    pub modules: Vec<(String, Level)>,
    /// How a line is printed.
    pub format: LogFormat,
}

/// A log level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing but what a person must act on.
    Error,
    /// And what may need a look.
    Warn,
    /// And what is worth knowing.
    Info,
    /// And each poll.
    Debug,
    /// And everything.
    Trace,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// With fields to the journal where there is one, else text.
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
    /// With fields to the journal.
    Journal,
}

/// How the text of a token file is got; a test gives it without a disk.
pub type TokenReader = fn(&Path) -> std::io::Result<String>;

/// Reads and checks a configuration file.
///
/// Fails with every mistake of the file at once. Token files are read; nothing is created.
pub fn load(file: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let bytes = std::fs::read(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    read(&bytes, file, &environment.of_file(file), read_small)
}

/// Reads a file that holds a secret or certificates, at most 256 KiB of it.
fn read_small(file: &Path) -> std::io::Result<String> {
    const MAX_BYTES: u64 = 256 << 10;
    let mut text = String::new();
    let read = std::fs::File::open(file)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_BYTES {
        return Err(std::io::Error::other("it is larger than 256 KiB"));
    }
    Ok(text)
}

/// Reads and checks the bytes of a configuration file whose paths are relative to `file`.
///
/// Fails as [`load`] does, and touches no file but through `read_token`.
pub fn read(
    bytes: &[u8],
    file: &Path,
    environment: &Environment,
    read_token: TokenReader,
) -> Result<Config, ConfigError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = good.split(|byte| *byte == b'\n').count();
            return Err(ConfigError::NotUtf8 { file: file.to_owned(), line });
        }
    };
    check(text, file, environment, read_token)
        .map_err(|mistakes| ConfigError::Wrong { file: file.to_owned(), mistakes })
}

fn check(
    text: &str,
    file: &Path,
    environment: &Environment,
    read_token: TokenReader,
) -> Result<Config, Vec<Mistake>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mistakes = RefCell::new(Mistakes::new(text));
    if !errors.is_empty() {
        let broken = errors.iter().map(|error| syntax::Break {
            span: error.span().unwrap_or(0..0),
            message: error.message().replace('\n', ", "),
        });
        mistakes.borrow_mut().broken(syntax::explain(text, &broken.collect::<Vec<_>>()));
    }
    let place = Place {
        folder: file.parent().unwrap_or(Path::new("")).to_owned(),
        credentials: environment.credentials_directory.clone(),
        needs_credentials: environment.needs_credentials,
        read_token,
    };
    let none = DeTable::new();
    let mut root = Table::new("", document.get_ref(), document.span(), &mistakes);

    let server = sections::server(root.section("server", &none), &place);
    let store = sections::store(root.section("store", &none), &place, environment);
    let backup = sections::backup(root.section("backup", &none), &place, &store);
    let fetch = sections::fetch(root.section("fetch", &none), &place);
    let briefs_dir = sections::briefs(root.section("briefs", &none), &place);
    let matching = sections::matching(root.section("matching", &none));
    let enrich = sections::enrich(root.section("enrich", &none), &place, &none);
    let publish = sections::publish(root.section("publish", &none), &place, &store);
    let log = sections::log(root.section("log", &none), &none);
    let sources = sources::read(root.sections("source"), &place);
    let channels = channels::read(root.sections("channel"), &place, &sources);
    // A broken header lets its keys fall to the document's own level; only the break is told.
    if errors.is_empty() {
        root.finish();
    }

    let mistakes = mistakes.into_inner().sorted();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Config {
        file: file.to_owned(),
        server,
        store,
        backup,
        fetch,
        briefs_dir,
        matching,
        enrich,
        publish,
        log,
        sources,
        channels,
    })
}

/// Where the files are that a configuration names.
struct Place {
    /// What its paths are relative to.
    folder: PathBuf,
    credentials: Option<PathBuf>,
    needs_credentials: bool,
    read_token: TokenReader,
}

impl Place {
    fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }
}
