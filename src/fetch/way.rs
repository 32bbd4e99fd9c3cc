//! How an origin is reached, and what only its own place is shown.

use reqwest::RequestBuilder;
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::FetchError;
use super::guard::{self, Vouched};
use crate::model::{Access, Auth};

/// What a source's operator allows and gives, and for which place.
#[derive(Debug, Clone, Copy)]
pub struct Way<'r> {
    /// The source's own address: `allow_private` and logins hold for its place alone.
    pub home: &'r Url,
    /// Whether that place may lie in a private network.
    pub allow_private: bool,
    /// Logins, fields, proxy.
    pub access: &'r Access,
}

impl Way<'_> {
    /// Returns whether the operator vouches for the host and port of an address.
    pub(super) fn vouches_for(&self, url: &Url) -> bool {
        self.allow_private && Vouched::of(self.home).is_some_and(|own| own.covers(url))
    }

    /// Refuses what may not be connected to, and a source whose login is not here.
    pub(super) async fn check(&self, url: &Url) -> Result<(), FetchError> {
        if let Some(name) = &self.access.absent {
            return Err(FetchError::NoCredential(name.clone()));
        }
        if self.vouches_for(url) {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        let refused = || Err(FetchError::Refused(host.to_owned()));
        if !guard::literal_is_global(url) {
            return refused();
        }
        // Our resolver is not asked where a proxy resolves names, so it is asked here.
        if self.access.proxy.is_some() && guard::resolves_to_private_only(host).await {
            return refused();
        }
        Ok(())
    }

    /// Adds login and fields, where the address lies at the source's own place.
    ///
    /// SECURITY: scheme, host and port decide. A redirect, a hub or an article elsewhere gets
    /// none of it, and https never falls back to http with a password.
    pub(super) fn open(&self, url: &Url, mut outgoing: RequestBuilder) -> RequestBuilder {
        if url.origin() != self.home.origin() {
            return outgoing;
        }
        outgoing = match &self.access.auth {
            Some(Auth::Basic { user, password }) => {
                outgoing.basic_auth(user, Some(password.reveal()))
            }
            Some(Auth::Bearer(token)) => outgoing.bearer_auth(token.reveal()),
            None => outgoing,
        };
        for (name, value) in &self.access.headers {
            let field = HeaderName::from_bytes(name.as_bytes()).ok();
            let value = HeaderValue::from_bytes(value.reveal().as_bytes()).ok();
            if let Some((field, mut value)) = field.zip(value) {
                value.set_sensitive(true);
                outgoing = outgoing.header(field, value);
            }
        }
        outgoing
    }
}
