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

use super::house::{self, Ground, House};
use super::run::{self, RunError};
use crate::config::Config;
use crate::fetch::{Call, ControlClient, FetchError};
use crate::serve;
use crate::store::{Lock, control_socket};

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
    /// The daemon does not do it.
    #[error("the daemon answers: {0}")]
    Refused(String),
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
        if let Some(client) = Self::daemon(config).await? {
            return Ok(Self::Daemon(client));
        }
        let lock = Arc::new(Lock::take(&config.store.path).map_err(RunError::Store)?);
        house::announce(&lock, None);
        let store = house::open_store(config, &lock).map_err(RunError::Store)?;
        let ground = Ground::new(config.clone(), None);
        let house = House::build(&ground, Arc::new(store))?;
        let Ground { served, mut orders, .. } = ground;
        let writer = house.writer.clone();
        tokio::spawn(async move { run::route_orders(&mut orders, &writer).await });
        let (thread, _store) = house.close();
        Ok(Self::Here(Local { routes: serve::control(served), writer: Some(thread) }))
    }

    /// Returns the way to the daemon that has the store of a configuration, if one answers.
    pub async fn daemon(config: &Config) -> Result<Option<ControlClient>, ControlError> {
        let Some(socket) = control_socket(&config.store.path) else { return Ok(None) };
        let client = ControlClient::new(&socket).map_err(ControlError::Socket)?;
        // A socket that a killed daemon left behind answers nothing.
        Ok(client.ask(&Call::get("/health")).await.is_ok().then_some(client))
    }

    /// Asks, and returns status and body.
    pub async fn ask(&self, call: &Call) -> Result<(u16, Vec<u8>), ControlError> {
        match self {
            Self::Daemon(client) => client.ask(call).await.map_err(ControlError::Socket),
            Self::Here(local) => local.ask(call).await,
        }
    }

    /// Asks for something that takes longer than a change does.
    pub async fn ask_long(&self, call: &Call) -> Result<(u16, Vec<u8>), ControlError> {
        match self {
            Self::Daemon(client) => {
                let answer = client.open(call).await.map_err(ControlError::Socket)?;
                let status = answer.status;
                Ok((status, answer.rest().await.map_err(ControlError::Socket)?))
            }
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
