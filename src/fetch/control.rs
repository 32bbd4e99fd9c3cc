//! The daemon's control socket, asked from a command: plain HTTP over a Unix socket.

use std::path::Path;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Response};

use super::FetchError;

/// A command may wait for a transaction, and for nothing longer.
const PATIENCE: Duration = Duration::from_mins(1);
/// A walk through a large store takes longer, and a backup as long as it is read.
const LONG: Duration = Duration::from_hours(24);

/// A connection to the daemon that holds the store.
#[derive(Debug)]
pub struct ControlClient {
    client: Client,
}

/// A call of the API.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GET`, `PUT`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Below `/api`, with a leading slash.
    pub path: String,
    /// The body and its type.
    pub body: Option<(Vec<u8>, &'static str)>,
}

impl Call {
    /// Returns a `GET` of a path below `/api`.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: None }
    }
}

impl ControlClient {
    /// Makes a client for a socket; nothing is connected yet.
    pub fn new(socket: &Path) -> Result<Self, FetchError> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .timeout(PATIENCE)
            .unix_socket(socket)
            .build()
            .map_err(FetchError::Client)?;
        Ok(Self { client })
    }

    /// Asks, and returns status and body.
    pub async fn ask(&self, call: &Call) -> Result<(u16, Vec<u8>), FetchError> {
        let response = self.send(call, PATIENCE).await?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(FetchError::of_request)?;
        Ok((status, body.to_vec()))
    }

    /// Asks for something that takes long or is long; its pieces may come a minute apart.
    pub async fn open(&self, call: &Call) -> Result<Stream, FetchError> {
        let response = self.send(call, LONG).await?;
        Ok(Stream { status: response.status().as_u16(), response })
    }

    async fn send(&self, call: &Call, patience: Duration) -> Result<Response, FetchError> {
        let method = match call.method {
            "PUT" => Method::PUT,
            "POST" => Method::POST,
            "DELETE" => Method::DELETE,
            _ => Method::GET,
        };
        let mut request = self.client.request(method, format!("http://localhost/api{}", call.path));
        if let Some((body, kind)) = &call.body {
            request = request.header(CONTENT_TYPE, *kind).body(body.clone());
        }
        request.timeout(patience).send().await.map_err(FetchError::of_request)
    }
}

/// An answer that is read piece by piece.
#[derive(Debug)]
pub struct Stream {
    /// The status of the answer.
    pub status: u16,
    response: Response,
}

impl Stream {
    /// Returns the next piece; `None` is the end of an answer that has not broken off.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
        let piece = piece.map_err(|_late| FetchError::Timeout("between two pieces"))?;
        Ok(piece.map_err(FetchError::of_request)?.map(Into::into))
    }

    /// Returns the rest of the answer.
    pub async fn rest(mut self) -> Result<Vec<u8>, FetchError> {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            body.extend(piece);
        }
        Ok(body)
    }
}
