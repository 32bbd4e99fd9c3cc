//! The Debian package from its build to its purge, and the container's root, which has no shell.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::desk::{Desk, Ran, missing};

const BINARY: &str = env!("CARGO_BIN_EXE_briefwire");
const CONFIG: &str = "etc/briefwire/briefwire.toml";
/// What `systemd/build-deb` exits with where a program is missing.
const UNAVAILABLE: i32 = 69;
/// The user of the container's image.
const USER: u32 = 65532;

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns a command that finds the system's own tools, too.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).env("LC_ALL", "C.UTF-8");
    command
}

#[track_caller]
fn ok(command: &mut Command) -> String {
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{command:?}: {}{}", ran.out, ran.err);
    ran.out
}

/// Runs the script that builds the package; it installs nothing.
fn build(arguments: &[&str]) -> Output {
    let target = Path::new(BINARY).ancestors().nth(2).unwrap();
    command(shipped("systemd/build-deb"))
        .args(["--no-install", "--fast"])
        .args(arguments)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap()
}

/// Builds the package of a version from the binary under test; `None` where a program is missing.
#[track_caller]
fn package(version: &str, folder: &Path) -> Option<PathBuf> {
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        missing("dpkg-deb");
        return None;
    }
    let folder = folder.to_str().unwrap();
    let ran = Ran::from(build(&["--binary", BINARY, "--version", version, "--output", folder]));
    if ran.code == UNAVAILABLE {
        missing(ran.err.trim());
        return None;
    }
    assert_eq!(ran.code, 0, "{}", ran.err);
    Some(PathBuf::from(ran.out.trim_end()))
}

/// Returns the first package, which the tests share.
fn first_package() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    // Not a folder of the tempfile crate: what is static is never dropped.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging");
    BUILT.get_or_init(|| package("0.1.0-1", &folder)).as_deref()
}

fn field(package: &Path, name: &str) -> String {
    ok(command("dpkg-deb").arg("--field").arg(package).arg(name)).trim_end().to_owned()
}

/// Returns the files below a folder, from it on; with their modes and without folders.
fn files(folder: &Path) -> BTreeSet<(String, u32)> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            let about = entry.metadata().unwrap();
            if about.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
            found.insert((name, about.permissions().mode() & 0o7777));
        }
    }
    found
}

/// A root for dpkg, with nothing in it.
struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(root.path("var/lib/dpkg/updates")).unwrap();
        fs::create_dir_all(root.path("var/lib/dpkg/info")).unwrap();
        fs::write(root.path("var/lib/dpkg/status"), "").unwrap();
        root
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    #[track_caller]
    fn dpkg(&self, action: &str, what: &Path) {
        let mut dpkg = command("dpkg");
        dpkg.arg(format!("--root={}", self.0.path().display()));
        dpkg.args(["--force-script-chrootless", "--force-depends", "--force-not-root"]);
        dpkg.args(["--force-confold", "--force-unsafe-io", "--log=/dev/null", action]);
        ok(dpkg.arg(what).env("DEBIAN_FRONTEND", "noninteractive"));
    }

    /// Returns whether dpkg has installed a version.
    fn has(&self, version: &str) -> bool {
        let status = self.read("var/lib/dpkg/status");
        status.contains("Status: install ok installed\n")
            && status.contains(&format!("\nVersion: {version}\n"))
    }
}

#[test]
fn the_package_holds_what_the_readme_says() {
    let Some(package) = first_package() else { return };
    assert_eq!(field(package, "Version"), "0.1.0-1");
    assert!(field(package, "Depends").contains("libc6 "), "{}", field(package, "Depends"));
    assert!(field(package, "Depends").contains("ca-certificates"));

    let folder = tempfile::tempdir().unwrap();
    ok(command("dpkg-deb").arg("--raw-extract").arg(package).arg(folder.path()));
    let mut wanted: BTreeSet<(String, u32)> = [
        ("DEBIAN/conffiles", 0o644),
        ("DEBIAN/control", 0o644),
        ("DEBIAN/postinst", 0o755),
        ("DEBIAN/postrm", 0o755),
        ("DEBIAN/prerm", 0o755),
        (CONFIG, 0o644),
        ("usr/bin/briefwire", 0o755),
        ("usr/lib/systemd/system/briefwire.service", 0o644),
        ("usr/lib/systemd/system/briefwire.socket", 0o644),
        ("usr/share/bash-completion/completions/briefwire", 0o644),
        ("usr/share/doc/briefwire/README.md", 0o644),
        ("usr/share/doc/briefwire/changelog.Debian.gz", 0o644),
        ("usr/share/doc/briefwire/changelog.gz", 0o644),
        ("usr/share/doc/briefwire/copyright", 0o644),
        ("usr/share/fish/vendor_completions.d/briefwire.fish", 0o644),
        ("usr/share/zsh/vendor-completions/_briefwire", 0o644),
    ]
    .map(|(name, mode)| (name.to_owned(), mode))
    .into();
    let pages = tempfile::tempdir().unwrap();
    ok(command(BINARY).arg("man").arg("--dir").arg(pages.path()));
    for (page, _) in files(pages.path()) {
        wanted.insert((format!("usr/share/man/man1/{page}.gz"), 0o644));
    }
    assert_eq!(files(folder.path()), wanted);
    assert!(wanted.len() > 40, "a page for each command");

    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("DEBIAN/conffiles"), format!("/{CONFIG}\n"));
    // `systemd.rs` has systemd look at them.
    for unit in ["briefwire.service", "briefwire.socket"] {
        let packed = read(&format!("usr/lib/systemd/system/{unit}"));
        assert_eq!(packed, fs::read_to_string(shipped("systemd").join(unit)).unwrap());
    }
}

#[test]
fn the_package_is_installed_upgraded_removed_and_purged() {
    let Some(first) = first_package() else { return };
    let folder = tempfile::tempdir().unwrap();
    let second = package("0.1.0-2", folder.path()).unwrap();
    let root = Root::new();

    root.dpkg("--install", first);
    assert!(root.has("0.1.0-1"));
    let mut check = command(root.path("usr/bin/briefwire"));
    assert!(ok(check.arg("check").arg("--config").arg(root.path(CONFIG))).ends_with(": ok\n"));
    assert!(root.read(CONFIG).contains("\npath = \"/var/lib/briefwire\"\n"));
    assert!(root.path("etc/briefwire/briefs").is_dir());
    let enabled = root.path("etc/systemd/system/sockets.target.wants/briefwire.socket");
    assert!(enabled.is_symlink(), "the units are enabled");

    // What an operator does, and what the daemon leaves under `DynamicUser=`.
    let edited = root.read(CONFIG) + "# An operator was here.\n";
    fs::write(root.path(CONFIG), &edited).unwrap();
    fs::write(root.path("etc/briefwire/briefs/wall.md"), "a brief").unwrap();
    fs::create_dir_all(root.path("var/lib/private/briefwire/db")).unwrap();
    fs::write(root.path("var/lib/private/briefwire/db/conf"), "a database").unwrap();
    symlink("private/briefwire", root.path("var/lib/briefwire")).unwrap();
    fs::remove_file(&enabled).unwrap();

    root.dpkg("--install", &second);
    assert!(root.has("0.1.0-2"));
    assert_eq!(root.read(CONFIG), edited);
    assert!(!enabled.is_symlink(), "what the operator disabled stays so");

    let briefwire = Path::new("briefwire");
    root.dpkg("--remove", briefwire);
    assert!(!root.path("usr").exists());
    assert_eq!(root.read(CONFIG), edited);
    assert_eq!(root.read("etc/briefwire/briefs/wall.md"), "a brief");
    assert_eq!(root.read("var/lib/briefwire/db/conf"), "a database");

    root.dpkg("--purge", briefwire);
    let mut left = files(root.0.path());
    left.retain(|(name, _)| !name.starts_with("var/lib/dpkg/") || name.contains("briefwire"));
    assert_eq!(left, BTreeSet::new());
    for gone in ["etc/briefwire", "var/lib/briefwire", "var/lib/private/briefwire"] {
        assert!(!root.path(gone).exists() && !root.path(gone).is_symlink(), "{gone}");
    }
}

#[test]
fn the_build_says_what_is_wrong_with_what_it_is_given() {
    for (arguments, said) in [
        (&["--version", "a b"][..], "`--version a b` is no version of a Debian package"),
        (&["--version"], "`--version` needs a value"),
        (&["--binary", "/nowhere"], "`--binary /nowhere` is no program"),
        (&["--speed"], "unknown argument `--speed`"),
    ] {
        let ran = Ran::from(build(arguments));
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.starts_with(&format!("build-deb: {said}")), "{}", ran.err);
        assert_eq!(ran.out, "");
    }
    let ran: Ran = command(shipped("systemd/image-root")).arg(BINARY).output().unwrap().into();
    assert_eq!((ran.code, ran.err.contains("usage: ")), (2, true), "{}", ran.err);
}

/// Returns whether a program can be run in another root.
fn may_chroot() -> bool {
    let tried = command("chroot").args(["/", "true"]).output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        missing("root, for chroot");
    }
    may
}

fn chroot(root: &Path, arguments: &[&str]) -> Command {
    let mut command = command("chroot");
    command.args(arguments.iter().take_while(|word| word.starts_with("--")));
    command.arg(root).args(arguments.iter().skip_while(|word| word.starts_with("--")));
    command
}

/// Copies programs with their libraries into another root.
fn carry(root: &Path, programs: &[&str]) {
    for program in programs {
        let libraries = ok(command("ldd").arg(program));
        let paths = libraries.split_whitespace().filter(|word| word.starts_with('/'));
        for path in paths.chain([*program]) {
            let copy = root.join(path.trim_start_matches('/'));
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(path, copy).unwrap();
        }
    }
}

/// Makes a root in which systemd seems to run, whose programs for it note how they are called.
fn machine(package: &Path) -> Root {
    let root = Root(tempfile::tempdir().unwrap());
    ok(command("dpkg-deb").arg("--control").arg(package).arg(root.path("scripts")));
    carry(root.0.path(), &["/bin/sh", "/usr/bin/install", "/usr/bin/rm"]);
    for folder in ["run/systemd/system", "dev", "etc/briefwire", "var/lib/private/briefwire"] {
        fs::create_dir_all(root.path(folder)).unwrap();
    }
    fs::write(root.path(CONFIG), "").unwrap();
    fs::write(root.path("var/lib/private/briefwire/journal.jsonl"), "").unwrap();
    symlink("private/briefwire", root.path("var/lib/briefwire")).unwrap();
    for program in ["systemctl", "deb-systemd-invoke", "deb-systemd-helper"] {
        let script = root.path("usr/bin").join(program);
        fs::write(&script, format!("#!/bin/sh\necho {program} \"$@\" >>/calls\n")).unwrap();
        fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    root
}

#[test]
fn an_upgrade_restarts_the_service_and_never_closes_the_socket() {
    let Some(package) = first_package() else { return };
    if !may_chroot() {
        return;
    }
    let root = machine(package);
    let calls = |script: &str, arguments: &[&str]| {
        fs::write(root.path("calls"), "").unwrap();
        let script = format!("/scripts/{script}");
        ok(&mut chroot(root.0.path(), &[&["/bin/sh", &script], arguments].concat()));
        let calls = root.read("calls");
        let of_systemd = calls.lines().filter(|line| !line.starts_with("deb-systemd-helper"));
        of_systemd.collect::<Vec<_>>().join("\n")
    };
    let started = "systemctl --system daemon-reload\ndeb-systemd-invoke start briefwire.socket\n\
                   deb-systemd-invoke restart briefwire.service";
    assert_eq!(calls("postinst", &["configure", ""]), started);
    assert!(root.path("etc/briefwire/briefs").is_dir());

    fs::remove_dir(root.path("etc/briefwire/briefs")).unwrap();
    assert_eq!(calls("prerm", &["upgrade", "0.2.0-1"]), "");
    assert_eq!(calls("postrm", &["upgrade", "0.2.0-1"]), "");
    assert_eq!(calls("postinst", &["configure", "0.1.0-1"]), started);
    assert!(!root.path("etc/briefwire/briefs").exists(), "what the operator removed stays so");

    let stopped = "deb-systemd-invoke stop briefwire.socket briefwire.service";
    assert_eq!(calls("prerm", &["remove"]), stopped);
    // dpkg asks no prerm of a package that it could not configure.
    let stopped = "systemctl --system stop briefwire.socket briefwire.service\n\
                   systemctl --system daemon-reload";
    assert_eq!(calls("postrm", &["remove"]), stopped);
    assert_eq!(root.read("var/lib/briefwire/journal.jsonl"), "");
    assert_eq!(calls("postrm", &["purge"]), "systemctl --system daemon-reload");
    assert_eq!(fs::read_dir(root.path("var/lib")).unwrap().count(), 1, "`private` alone");
    assert_eq!(fs::read_dir(root.path("var/lib/private")).unwrap().count(), 0);
    assert!(!root.path("etc/briefwire").exists());
}

#[test]
fn the_container_runs_and_tells_its_health_without_a_shell() {
    if !may_chroot() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    ok(command(shipped("systemd/image-root")).arg(BINARY).arg(&root));
    let mut programs = files(&root);
    programs.retain(|(name, mode)| mode & 0o111 != 0 && !name.contains(".so"));
    assert_eq!(programs, [("briefwire".to_owned(), 0o755)].into(), "it has no other program");
    assert!(fs::metadata(root.join("etc/ssl/certs/ca-certificates.crt")).unwrap().len() > 1000);

    // What the Containerfile adds.
    let state = root.join("var/lib/briefwire");
    fs::create_dir_all(&state).unwrap();
    chown(&state, Some(USER), Some(USER)).unwrap();
    let user = format!("--userspec={USER}:{USER}");
    let briefwire = |word: &str| {
        let mut command = chroot(&root, &[&user, "/briefwire", word]);
        command.env("STATE_DIRECTORY", "/var/lib/briefwire").env("HOME", "/");
        for own in ["RUNTIME_DIRECTORY", "BRIEFWIRE_CONFIG", "XDG_CONFIG_HOME"] {
            command.env_remove(own);
        }
        command
    };
    assert!(ok(&mut briefwire("check")).ends_with(": ok\n"));
    let config = fs::read_to_string(root.join(CONFIG)).unwrap();
    assert!(config.contains("\nlisten = \"0.0.0.0:8420\"\n"), "it is reached from outside");

    fs::write(root.join(CONFIG), "[server]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let health = || {
        let ran = Ran::from(briefwire("healthcheck").output().unwrap());
        (ran.code, ran.out + &ran.err)
    };
    let down = "briefwire: no daemon runs on the store in /var/lib/briefwire\n";
    assert_eq!(health(), (1, down.to_owned()));
    let daemon = Desk::start_by(briefwire("run"));
    assert_eq!(health(), (0, "ready\n".to_owned()));
    let (code, _) = daemon.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(health(), (1, down.to_owned()));
}

#[test]
fn the_container_s_file_says_the_same() {
    let text = fs::read_to_string(shipped("systemd/Containerfile")).unwrap();
    for line in [
        format!("USER {USER}:{USER}"),
        "ENV STATE_DIRECTORY=/var/lib/briefwire MALLOC_ARENA_MAX=2".to_owned(),
        "ENTRYPOINT [\"/briefwire\"]".to_owned(),
        "CMD [\"run\"]".to_owned(),
        "EXPOSE 8420".to_owned(),
    ] {
        assert!(text.lines().any(|told| told == line), "{line}");
    }
    assert!(text.contains("CMD [\"/briefwire\", \"healthcheck\"]\n"));
    let last = text.lines().rfind(|line| line.starts_with("FROM ")).unwrap();
    assert_eq!(last, "FROM scratch");
}
