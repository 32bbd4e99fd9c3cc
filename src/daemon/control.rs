//! How a command reaches the store: through the daemon that holds it, else by itself.
//!
//! Both ways answer the same calls with the same routes, so a command cannot tell them apart.

use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use tower::ServiceExt;

use super::run::{self, RunError};
use crate::config::Config;
use crate::fetch::{Call, ControlClient, FetchError};
use crate::serve;
use crate::store::control_socket;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 1 << 30;

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The store could not be opened.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The daemon did not answer.
    #[error("the daemon does not answer on its control socket")]
    Socket(#[source] FetchError),
    /// The store at rest did not answer.
    #[error("the store did not answer")]
    Local(#[source] axum::Error),
}

/// The way to the store.
pub enum Control {
    /// The daemon has it.
    Daemon(ControlClient),
    /// Nobody has it; it is open here.
    Here(Local),
}

/// A store that this process opened for one command.
pub struct Local {
    routes: Router,
    writer: Option<JoinHandle<()>>,
}

impl Control {
    /// Finds the way to the store of a configuration.
    ///
    /// Fails as [`RunError::is_in_use`] tells where a process has the store and names no socket.
    pub async fn open(config: &Config) -> Result<Self, ControlError> {
        if let Some(socket) = control_socket(&config.store.path) {
            let client = ControlClient::new(&socket).map_err(ControlError::Socket)?;
            // A socket that a killed daemon left behind answers nothing.
            if client.ask(&Call::get("/sources")).await.is_ok() {
                return Ok(Self::Daemon(client));
            }
        }
        let store = Arc::new(run::open_store(config).map_err(RunError::Store)?);
        let house = run::House::build(config, store)?;
        let (orders, ordered) = tokio::sync::mpsc::channel(16);
        let writer_end = house.writer.clone();
        tokio::spawn(run::route_orders(ordered, writer_end));
        let served = Arc::new(house.served(config, orders));
        let routes = serve::control(served);
        Ok(Self::Here(Local { routes, writer: Some(house.into_thread()) }))
    }

    /// Asks, and returns status and body.
    pub async fn ask(&self, call: &Call) -> Result<(u16, Vec<u8>), ControlError> {
        match self {
            Self::Daemon(client) => client.ask(call).await.map_err(ControlError::Socket),
            Self::Here(local) => local.ask(call).await,
        }
    }

    /// Waits until everything that was asked is durable.
    pub async fn close(self) {
        if let Self::Here(mut local) = self {
            drop(local.routes);
            if let Some(thread) = local.writer.take() {
                // The thread ends with the last sender, and a panic of it was logged.
                tokio::task::spawn_blocking(move || thread.join().ok()).await.ok();
            }
        }
    }
}

impl Local {
    async fn ask(&self, call: &Call) -> Result<(u16, Vec<u8>), ControlError> {
        let mut request = Request::builder().method(call.method).uri(format!("/api{}", call.path));
        let mut body = Body::empty();
        if let Some((bytes, kind)) = &call.body {
            request = request.header(CONTENT_TYPE, *kind);
            body = Body::from(bytes.clone());
        }
        let request = request.body(body).map_err(|e| ControlError::Local(axum::Error::new(e)))?;
        let answered = self.routes.clone().oneshot(request).await;
        let response = answered.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), MAX_ANSWER_BYTES).await;
        Ok((status, body.map_err(ControlError::Local)?.to_vec()))
    }
}
