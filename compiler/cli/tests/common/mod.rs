//! Runs the real binary in a directory of its own.
#![allow(dead_code)] // Each test binary uses a part of this.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A small policy without findings.
pub const SHOP: &str = r#"package shop

environments dev, prod
roles support, lead

context { ticket?: string }

tool refund(order: string, amount: decimal)
tool look(order: string)

grant refund, look to support

approval four_eyes {
  by      1 of lead
  expires 15m
}

rule big_refunds {
  on      refund
  when    args.amount > 100.00
  deny    "{args.amount} is too much"
  suggest "refund at most 100.00"
}

rule refunds_in_prod {
  on      refund in prod
  require four_eyes
}

rule ticket_in_prod {
  on     look in prod
  unless context.ticket like "T-*"
  deny   "looking needs a ticket"
}

rule look_first {
  on     refund
  unless prior look(prior.order == args.order) within 10m
  deny   "look the order up first"
}

test "small refunds after a look" {
  as     agent "bot" { roles: [support] }
  in     dev
  at     2026-03-02T10:00:00+01:00
  call   refund { order: "o-1", amount: 5.00 }
  expect deny because look_first
  call   look { order: "o-1" }
  expect allow
  call   refund { order: "o-1", amount: 5.00 }
  expect allow
  call   refund { order: "o-1", amount: 500 }
  expect deny because big_refunds
}
"#;

/// What a run of `clawc` left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A directory that goes away with the test.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("clawc-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// With the small policy as `main.claw`.
    pub fn with_shop() -> Folder {
        let folder = Folder::new();
        folder.write("main.claw", SHOP);
        folder
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clawc"));
        command.args(args).current_dir(&self.0).env_remove("NO_COLOR");
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, b"")
    }

    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child =
            self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // On a thread of its own: the answer may fill the pipe before all is written.
        let writer = std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Run {
    #[track_caller]
    pub fn expect(self, code: i32) -> Run {
        assert_eq!(self.code, code, "exit status\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// The failure's message on standard error.
    #[track_caller]
    pub fn fails_with(self, message: &str, help: &str) {
        let run = self.expect(2);
        assert_eq!(run.out, "");
        let expected =
            if help.is_empty() { format!("error: {message}\n") } else { format!("error: {message}\n  help: {help}\n") };
        assert_eq!(run.err, expected);
    }
}
