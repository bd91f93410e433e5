//! A PostgreSQL server of a test's own: in a temporary folder, reached by a Unix socket, gone with the test.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use postgres::{Client, Config, NoTls};
use tempfile::TempDir;

/// How long a slow machine may take to start it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running server.
pub struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    settings: Vec<String>,
    server: Child,
}

impl Postgres {
    /// A server that loses nothing it has confirmed; `None` where PostgreSQL is not installed.
    pub fn start() -> Option<Postgres> {
        Postgres::start_with(&[])
    }

    /// A server with such settings (`fsync=off`); `None`, and a line that says so, where PostgreSQL is not installed.
    pub fn start_with(settings: &[&str]) -> Option<Postgres> {
        let Some(bin) = bin() else {
            println!("skipped: PostgreSQL is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("claw-pg").tempdir().unwrap();
        if is_root() {
            run(Command::new("chown").arg(user()).arg(folder.path()));
        }
        let data = folder.path().join("data");
        run(unprivileged(&bin.join("initdb")).arg("-D").arg(&data).args([
            "-U",
            "claw",
            "-A",
            "trust",
            "-N",
            "-E",
            "utf8",
            "--no-locale",
        ]));
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let server = launch(&bin, folder.path(), &settings);
        let mut postgres = Postgres { folder, bin, settings, server };
        postgres.await_start();
        Some(postgres)
    }

    /// How to reach it.
    pub fn config(&self) -> Config {
        config(self.socket())
    }

    /// The folder that its socket is in.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    pub fn client(&self) -> Client {
        self.config().connect(NoTls).unwrap()
    }

    /// Ends it at once, as a power cut does: no process of it gets to do anything.
    pub fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again after [`Postgres::kill`].
    pub fn restart(&mut self) {
        self.server = launch(&self.bin, self.folder.path(), &self.settings);
        self.await_start();
    }

    /// Stops or continues all its processes: a server that hangs.
    pub fn pause(&self, paused: bool) {
        let signal = if paused { "-STOP" } else { "-CONT" };
        let parent = self.server.id().to_string();
        let children = Command::new("pgrep").args(["-P", &parent]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        // Some may have ended by now.
        Command::new("kill").arg(signal).args(children.split_whitespace()).arg(&parent).status().unwrap();
    }

    /// Waits until it answers. Of a server that was killed, processes may linger and keep the new one from starting.
    fn await_start(&mut self) {
        let begun = Instant::now();
        loop {
            if self.config().connect(NoTls).is_ok() {
                return;
            }
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start:\n{}", log());
            if self.server.try_wait().unwrap().is_some() {
                self.server = launch(&self.bin, self.folder.path(), &self.settings);
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.pause(false);
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// How to reach the server whose socket is in this folder.
pub fn config(socket: &Path) -> Config {
    let mut config = Config::new();
    config.host_path(socket).user("claw").dbname("postgres");
    config
}

fn launch(bin: &Path, folder: &Path, settings: &[String]) -> Child {
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut server = unprivileged(&bin.join("postgres"));
    server.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-c", "listen_addresses="]);
    for setting in settings {
        server.args(["-c", setting]);
    }
    server.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// Where its programs are: in the path, or where distributions put them.
fn bin() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// Whom it runs as where tests run as root, which it refuses.
fn user() -> &'static str {
    let known = Command::new("id").arg("postgres").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if known.is_ok_and(|status| status.success()) { "postgres" } else { "nobody" }
}

fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user(), "--clear-groups"]).arg(program).current_dir("/");
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
