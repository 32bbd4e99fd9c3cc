//! What requests to a source carry beside the ordinary, and the way they take.

use url::Url;

use super::Secret;

/// How an origin is to let us in.
///
/// SECURITY: sent to the scheme, host and port of the source's own `url`, and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// The `Authorization` field.
    pub auth: Option<Auth>,
    /// Further fields, by name; values are given away by nothing.
    pub headers: Vec<(String, Secret)>,
    /// The proxy that requests go through.
    pub proxy: Option<Url>,
    /// A credential of systemd that this process was not given: the source cannot be asked.
    pub absent: Option<String>,
}

impl Access {
    /// Returns whether the source's feed is not for everybody.
    pub fn is_restricted(&self) -> bool {
        self.auth.is_some() || !self.headers.is_empty() || self.absent.is_some()
    }
}

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// RFC 7617.
    Basic {
        /// Whose.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// RFC 6750.
    Bearer(Secret),
}
