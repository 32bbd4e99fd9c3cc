//! Backups, restores and the like: through the daemon that has the store, or here.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::clock;
use super::control::{Control, ControlError};
use super::house;
use super::run::RunError;
use crate::config::Config;
use crate::fetch::Call;
use crate::store::{self, Compacted, Lock, Options, RestoreError, Restored, StoreError};

/// Writes a backup of a configuration's store to `out`, while the daemon that has it goes on.
pub async fn back_up(config: &Config, out: &mut dyn Write) -> Result<(), ControlError> {
    let Some(client) = Control::daemon(config).await? else {
        let lock = take_lock(config)?;
        let store = house::open_store(config, &lock).map_err(RunError::Store)?;
        return Ok(store.back_up(out, clock::now()).map_err(RunError::Store)?);
    };
    let mut answer = client.open(&Call::get("/backup")).await.map_err(ControlError::Socket)?;
    if answer.status != 200 {
        let body = answer.rest().await.map_err(ControlError::Socket)?;
        return Err(ControlError::Refused(String::from_utf8_lossy(&body).into_owned()));
    }
    let unwritten = |source: io::Error| {
        RunError::Store(StoreError::Io { what: "write the backup".to_owned(), source })
    };
    while let Some(piece) = answer.next().await.map_err(ControlError::Socket)? {
        out.write_all(&piece).map_err(unwritten)?;
    }
    Ok(out.flush().map_err(unwritten)?)
}

/// Why a restore was not made.
#[derive(Debug, thiserror::Error)]
pub enum RefillError {
    /// The store is in use, or cannot be opened.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The backup or the disk failed.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

/// Replaces a configuration's store, which no process may have, by what a backup holds.
pub fn restore(config: &Config, file: &Path) -> Result<Restored, RefillError> {
    // Whatever the backup is: a store in use is not restored.
    let lock = take_lock(config)?;
    Ok(store::restore(&options(config), lock, file, clock::now())?)
}

/// Copies a configuration's store, which no process may have, into a new database.
pub fn compact(config: &Config) -> Result<Compacted, RunError> {
    Ok(store::compact(&options(config), take_lock(config)?, clock::now())?)
}

fn take_lock(config: &Config) -> Result<Arc<Lock>, RunError> {
    let lock = Lock::take(&config.store.path)?;
    house::announce(&lock, None);
    Ok(Arc::new(lock))
}

pub(super) fn options(config: &Config) -> Options<'_> {
    let authority = config.server.public_url.as_ref().and_then(|url| url.host_str());
    let backups = Some(config.backup.dir.as_path());
    Options { folder: &config.store.path, cache: config.store.cache, authority, backups }
}
