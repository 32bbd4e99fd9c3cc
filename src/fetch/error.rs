//! What keeps an answer from coming, in words that read after "failed to poll lwn: ".

use std::error::Error;
use std::path::PathBuf;

use super::guard::NotGlobal;

/// Why a request brought no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The clients could not be built.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// The guard does not let us connect there.
    #[error("`{0}` is not a public address; `allow_private` allows a source's own host and port")]
    Refused(String),
    /// The source needs a credential of systemd that this process was not given.
    #[error("its credential `{0}` is given to the service only")]
    NoCredential(String),
    /// The name is unknown, or the resolver did not answer.
    #[error("the host name cannot be resolved")]
    Resolve(#[source] reqwest::Error),
    /// No connection, or no TLS on it.
    #[error("cannot connect")]
    Connect(#[source] reqwest::Error),
    /// Nothing came in time.
    #[error("no answer in time {0}")]
    Timeout(&'static str),
    /// The answer broke off or was not HTTP.
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
    /// More bytes than we take.
    #[error("the body is larger than {limit} bytes {}", if *wire { "on the wire" } else { "decoded" })]
    TooLarge {
        /// In bytes.
        limit: u64,
        /// On the wire, else decoded.
        wire: bool,
    },
    /// The origin encodes bodies in a way nobody offered to read.
    #[error("the content encoding `{0}` is unknown")]
    Encoding(String),
    /// The body is not what its encoding says.
    #[error("the body cannot be decoded")]
    Decode(#[source] std::io::Error),
    /// A large body finds no place on the disk.
    #[error("the body cannot be kept on the disk")]
    Spool(#[source] std::io::Error),
    /// A chain of redirects without an end.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// A redirect to something that is not on the web.
    #[error("a redirect leads to `{0}`, which is not an http address")]
    BadRedirect(String),
    /// A `file:` source cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl FetchError {
    /// Sorts an error of a request by what a person would do about it.
    pub(super) fn of_request(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(deeper) = cause {
            if let Some(refused) = deeper.downcast_ref::<NotGlobal>() {
                return Self::Refused(refused.host().to_owned());
            }
            cause = deeper.source();
        }
        let words = chain(&error);
        if error.is_timeout() {
            Self::Timeout("for a connection")
        } else if words.contains("dns error") || words.contains("failed to lookup") {
            Self::Resolve(error)
        } else if error.is_connect() {
            Self::Connect(error)
        } else {
            Self::Broken(error)
        }
    }

    /// Returns the error and what it comes down to, on one line; the layers of the client between
    /// the two say nothing that a person could act on.
    pub fn with_causes(&self) -> String {
        let mut deepest: &dyn Error = self;
        while let Some(deeper) = deepest.source() {
            deepest = deeper;
        }
        let (words, cause) = (self.to_string(), deepest.to_string());
        if words.contains(&cause) { words } else { format!("{words}: {cause}") }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let text = deeper.to_string();
        // Layers of a client often repeat the words of the one below.
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = deeper.source();
    }
    words
}
