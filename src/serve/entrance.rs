//! Where a request comes in: who asks is found out, the site's own path is taken off, and what
//! was answered is logged.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use tower::Service;

use super::client::Client;
use super::ready::Prompt;
use super::{Served, public};

/// The first words of the paths that are answered.
const ROOTS: [&str; 11] = [
    "", "feeds", "items", "briefs", "opml", "status", "metrics", "healthz", "readyz", "api",
    "websub",
];

/// What answers the requests of a listener.
#[derive(Clone)]
pub enum Entrance {
    /// Those of everybody.
    Public(Arc<Served>, Router),
    /// Those of our own commands.
    Control(Router),
}

impl Entrance {
    /// Returns the entrance of the public listener.
    pub fn public(served: Arc<Served>) -> Self {
        Self::Public(Arc::clone(&served), public(served))
    }

    /// Answers what needs no waiting and no look at who asks: most requests of feed readers.
    ///
    /// The headers are those that decide the answer, and `A-IM` is none of them.
    pub fn at_once(&self, path: &str, headers: &HeaderMap) -> Option<Prompt> {
        match self {
            // What is logged is known on the long way.
            Self::Public(served, _) if !tracing::enabled!(tracing::Level::DEBUG) => {
                served.at_once(path, headers)
            }
            _ => None,
        }
    }

    /// Answers a request of another end of a connection; one without an address came through a
    /// Unix socket.
    pub async fn answer(&self, mut request: Request, peer: Option<IpAddr>) -> Response {
        let (served, mut routes) = match self {
            Self::Public(served, routes) => (served, routes.clone()),
            Self::Control(routes) => return call(&mut routes.clone(), request).await,
        };
        let plan = served.plan();
        let client = Client::of(&plan.trusted_proxies, peer, request.headers());
        if let Some(uri) = below(plan.prefix(), request.uri()) {
            *request.uri_mut() = uri;
        }
        if !tracing::enabled!(tracing::Level::DEBUG) {
            request.extensions_mut().insert(client);
            return call(&mut routes, request).await;
        }
        let (began, method) = (Instant::now(), request.method().clone());
        let (address, path) = (client.address, shown(request.uri().path()).to_owned());
        request.extensions_mut().insert(client);
        let response = call(&mut routes, request).await;
        tracing::debug!(
            %method,
            %path,
            client = address.map(tracing::field::display),
            status = response.status().as_u16(),
            duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        response
    }
}

async fn call(routes: &mut Router, request: Request) -> Response {
    // It is ready at any time.
    routes.call(request).await.into_response()
}

/// SECURITY: the token of a hub's callback is a secret.
fn shown(path: &str) -> &str {
    if path.starts_with("/websub/") { "/websub/…" } else { path }
}

/// Returns an address without the site's own path before it; `None` where it has none, because a
/// proxy took it off already.
fn below(prefix: &str, uri: &Uri) -> Option<Uri> {
    if prefix.is_empty() {
        return None;
    }
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let path = rest.split('?').next().unwrap_or_default();
    // `/newsroom` is not below `/news`, and below `/feeds` there is `/feeds/feeds/…`.
    let is_below = uri
        .path()
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_ours = path.split('/').nth(1).is_some_and(|root| ROOTS.contains(&root));
    let rest: PathAndQuery = (is_below && is_ours).then(|| rest.parse().ok())??;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sites_own_path_is_taken_off_once() {
        for (prefix, asked, expected) in [
            ("/news", "/news/feeds/a.xml?token=x", Some("/feeds/a.xml?token=x")),
            ("/news", "/news", Some("/")),
            ("/news", "/news/", Some("/")),
            ("/news", "/news?x", Some("/?x")),
            ("/news", "/feeds/a.xml", None),
            ("/news", "/newsroom", None),
            ("/news", "/news/other", None),
            ("/feeds", "/feeds/a.xml", None),
            ("/feeds", "/feeds/feeds/a.xml", Some("/feeds/a.xml")),
            ("", "/feeds/a.xml", None),
        ] {
            let found = below(prefix, &asked.parse().unwrap());
            assert_eq!(found.map(|uri| uri.to_string()).as_deref(), expected, "{prefix} {asked}");
        }
    }
}
