//! Where requests come in: the public listener, made here or handed over by systemd, and the
//! control socket.

use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::watch;

use super::connections::{self, Terms};
use super::run::RunError;
use crate::config::{Config, Environment, Listen};
use crate::serve::Entrance;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 4096;

/// A listener that the service manager opened for us (`sd_listen_fds(3)`).
#[derive(Debug)]
pub enum Inherited {
    /// An address and port.
    Tcp(std::net::TcpListener),
    /// A Unix socket.
    Unix(std::os::unix::net::UnixListener),
}

impl Inherited {
    /// Takes the listener that this process was handed over, if it was.
    ///
    /// Reads and clears `LISTEN_FDS`, so it is called before any thread is started.
    pub fn of_process() -> std::io::Result<Option<Self>> {
        let mut handed = listenfd::ListenFd::from_env();
        if handed.len() == 0 {
            return Ok(None);
        }
        if let Ok(Some(listener)) = handed.take_unix_listener(0) {
            return Ok(Some(Self::Unix(listener)));
        }
        Ok(handed.take_tcp_listener(0)?.map(Self::Tcp))
    }
}

/// The public listener.
pub(super) enum Listening {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener),
}

impl Listening {
    /// Listens where the service manager has opened a socket, else where the configuration says.
    pub(super) fn open(listen: &Listen, inherited: Option<Inherited>) -> Result<Self, RunError> {
        let named = match listen {
            Listen::Tcp(address) => format!("http://{address}"),
            Listen::Unix(path) => path.display().to_string(),
        };
        let place = if inherited.is_some() { "the inherited socket".to_owned() } else { named };
        let opened = match (inherited, listen) {
            (Some(Inherited::Tcp(listener)), _) => listener
                .set_nonblocking(true)
                .and_then(|()| TcpListener::from_std(listener))
                .and_then(tcp),
            (Some(Inherited::Unix(listener)), _) => listener
                .set_nonblocking(true)
                .and_then(|()| UnixListener::from_std(listener))
                .map(Self::Unix),
            (None, Listen::Tcp(address)) => bind_tcp(*address).and_then(tcp),
            (None, Listen::Unix(path)) => bind(path).map(Self::Unix),
        };
        opened.map_err(|source| RunError::Listen { place, source })
    }

    /// Returns where HTTP is answered, for people.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Tcp(_, address) => format!("http://{address}/"),
            Self::Unix(listener) => {
                let path = listener.local_addr().ok();
                let path = path.as_ref().and_then(|address| address.as_pathname());
                format!("unix:{}", path.map(|path| path.display().to_string()).unwrap_or_default())
            }
        }
    }

    /// Returns the address, where it is one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Answers until it is told to stop; requests under way are finished.
    pub(super) async fn serve(
        self,
        entrance: Entrance,
        terms: Terms,
        stopping: watch::Receiver<bool>,
    ) {
        match self {
            Self::Tcp(listener, _) => connections::serve(listener, entrance, terms, stopping).await,
            Self::Unix(listener) => connections::serve(listener, entrance, terms, stopping).await,
        }
    }
}

/// Listens with room for many that come at once; tokio's own `bind` leaves it at 1,024.
fn bind_tcp(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn tcp(listener: TcpListener) -> std::io::Result<Listening> {
    let address = listener.local_addr()?;
    Ok(Listening::Tcp(listener, address))
}

/// Binds a Unix socket in place of a dead one; anything but a socket is left alone.
fn bind(path: &Path) -> std::io::Result<UnixListener> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    UnixListener::bind(path)
}

/// The control socket; its file goes away with it.
pub(super) struct ControlSocket {
    path: PathBuf,
}

impl ControlSocket {
    /// Opens the control socket in systemd's runtime directory, else beside the store.
    ///
    /// The caller holds the store's lock, so a socket that is there is a dead one.
    pub(super) fn open(config: &Config) -> Result<(Self, Listening), RunError> {
        let runtime = Environment::of_process().runtime_directory;
        let folder = runtime.unwrap_or_else(|| config.store.path.clone());
        let path = std::path::absolute(folder.join("control.sock"));
        let path = path.unwrap_or_else(|_| folder.join("control.sock"));
        let failed = |source| RunError::Listen { place: path.display().to_string(), source };
        if path.exists() {
            std::fs::remove_file(&path).map_err(failed)?;
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        // SECURITY: whoever can open this socket can do anything; nobody but our user can.
        let ours = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, ours).map_err(failed)?;
        Ok((Self { path }, Listening::Unix(listener)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // It may be gone already with its directory.
        std::fs::remove_file(&self.path).ok();
    }
}
