//! A real Redis for tests: in a directory and at a socket of its own, gone when dropped.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Far longer than anything takes, however busy the machine.
const LONG: Duration = Duration::from_secs(60);

pub struct Redis {
    child: Child,
    dir: tempfile::TempDir,
    settings: Vec<String>,
}

impl Redis {
    /// A server that keeps nothing on disk; `None`, having said so, where there is no `redis-server`.
    pub fn start() -> Option<Redis> {
        Redis::with(&["--appendonly", "no"])
    }

    /// A server with further settings.
    pub fn with(settings: &[&str]) -> Option<Redis> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("skipped: there is no redis-server");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        let child = spawn(&dir, &settings);
        let server = Redis { child, dir, settings };
        server.wait();
        Some(server)
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again in the same directory.
    pub fn restart(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.child = spawn(&self.dir, &self.settings);
        self.wait();
    }

    fn wait(&self) {
        let end = Instant::now() + LONG;
        while !self.try_run(&["PING"]).is_ok_and(|answer| answer == redis::Value::SimpleString("PONG".to_owned())) {
            assert!(Instant::now() < end, "redis-server did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn try_run(&self, words: &[&str]) -> redis::RedisResult<redis::Value> {
        let mut connection = redis::Client::open(self.url())?.get_connection_with_timeout(LONG)?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut connection)
    }

    /// Runs a command on a connection of its own.
    pub fn run(&self, words: &[&str]) -> redis::Value {
        self.try_run(words).unwrap()
    }
}

fn spawn(dir: &tempfile::TempDir, settings: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--unixsocket"]).arg(dir.path().join("socket"));
    command.arg("--dir").arg(dir.path()).args(["--save", "", "--loglevel", "warning"]).args(settings);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
