//! Where the configuration and the store are when nobody says.

use std::path::{Path, PathBuf};

/// The store of the machine's own daemon.
pub(super) const SYSTEM_STATE: &str = "/var/lib/briefwire";

/// The variables of the environment that briefwire reads, and what is asked of them.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `BRIEFWIRE_CONFIG`
    pub config: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, else `$HOME/.config`
    pub config_home: Option<PathBuf>,
    /// `STATE_DIRECTORY`, as systemd sets it
    pub state_directory: Option<PathBuf>,
    /// `XDG_STATE_HOME`, else `$HOME/.local/state`
    pub state_home: Option<PathBuf>,
    /// `RUNTIME_DIRECTORY`, as systemd sets it
    pub runtime_directory: Option<PathBuf>,
    /// `CREDENTIALS_DIRECTORY`, as systemd sets it
    pub credentials_directory: Option<PathBuf>,
    /// Whether a credential that is not there is a mistake: it is to the daemon, while a command
    /// from a shell, where systemd gives none, goes on without.
    pub needs_credentials: bool,
}

impl Environment {
    /// Reads the environment of a daemon, which does not go without its credentials.
    pub fn of_daemon() -> Self {
        Self { needs_credentials: true, ..Self::of_process() }
    }

    /// Returns the environment as it counts for a configuration file: the machine's own has its
    /// store where systemd's `StateDirectory=` makes it, so that a command from a shell, which
    /// gets no `STATE_DIRECTORY`, means the same store as the service.
    pub(super) fn of_file(&self, file: &Path) -> Self {
        let mut environment = self.clone();
        if std::path::absolute(file).is_ok_and(|file| file.starts_with("/etc")) {
            environment.state_directory.get_or_insert_with(|| PathBuf::from(SYSTEM_STATE));
        }
        environment
    }

    /// Reads the process's environment.
    pub fn of_process() -> Self {
        let path = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let home = |below: &str| path("HOME").map(|home| home.join(below));
        // systemd gives a colon-separated list where a unit has several directories.
        let first = |name: &str| {
            path(name).and_then(|list| std::env::split_paths(&list.into_os_string()).next())
        };
        Self {
            config: path("BRIEFWIRE_CONFIG"),
            config_home: path("XDG_CONFIG_HOME").or_else(|| home(".config")),
            state_directory: first("STATE_DIRECTORY"),
            state_home: path("XDG_STATE_HOME").or_else(|| home(".local/state")),
            runtime_directory: first("RUNTIME_DIRECTORY"),
            credentials_directory: path("CREDENTIALS_DIRECTORY"),
            needs_credentials: false,
        }
    }
}

/// Returns the configuration file: the one given, else the first place that has one, else the
/// last place, so that the error names where one is expected.
pub fn find(given: Option<PathBuf>, environment: &Environment) -> PathBuf {
    if let Some(file) = given.or_else(|| environment.config.clone()) {
        return file;
    }
    let system = PathBuf::from("/etc/briefwire/briefwire.toml");
    let own = environment.config_home.as_ref().map(|home| home.join("briefwire/briefwire.toml"));
    own.filter(|file| file.exists()).unwrap_or(system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_and_the_service_mean_the_same_store() {
        let shell = Environment { state_home: Some("/root/state".into()), ..Default::default() };
        let of = |environment: &Environment, file: &str| {
            environment.of_file(Path::new(file)).state_directory
        };
        assert_eq!(of(&shell, "/etc/briefwire/briefwire.toml"), Some(SYSTEM_STATE.into()));
        assert_eq!(of(&shell, "/home/ada/briefwire.toml"), None);
        let service = Environment { state_directory: Some("/state".into()), ..shell };
        assert_eq!(of(&service, "/etc/briefwire/briefwire.toml"), Some("/state".into()));
    }
}
