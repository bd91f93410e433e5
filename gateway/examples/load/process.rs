//! The processes: the server behind, and the gateway.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Plan;

/// The caller's token.
pub const TOKEN: &str = "claw-load-0123456789abcdef0123456789abcdef";

/// A policy of ordinary size: the call passes a scope, a classification, a matrix, rules and a limit.
const POLICY: &str = r#"
environments load
roles bot
tiers low < high
tool echo(text: string) on server "echo"
grant echo to bot
classify {
  low  on echo
  high on echo when args.text like "*secret*"
}
matrix {
  tier | load
  low  | allow
  high | deny
}
rule no_orders  { on echo  when args.text like "order *"  deny "no orders" }
rule no_refunds { on echo  when args.text like "refund *" deny "no refunds" }
limit calls     { on echo  max 1000000 per 1h  each agent }
"#;

/// A process that ends with this value.
#[derive(Debug)]
pub struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process of this program, in another role.
#[derive(Debug)]
pub struct Role {
    /// Where it listens.
    pub port: u16,
    _process: Guarded,
}

/// Starts the server behind.
pub fn echo() -> crate::Result<Role> {
    role(&["echo"])
}

/// Starts a proxy that only passes on.
pub fn pass(behind: &str) -> crate::Result<Role> {
    role(&["pass", behind])
}

fn role(args: &[&str]) -> crate::Result<Role> {
    let mut child = Command::new(std::env::current_exe()?).args(args).stdout(Stdio::piped()).spawn()?;
    let out = child.stdout.take().ok_or("no output")?;
    let process = Guarded(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    Ok(Role { port: line.trim().parse()?, _process: process })
}

/// The gateway.
#[derive(Debug)]
pub struct Gateway {
    /// Where it is reached.
    pub url: String,
    folder: PathBuf,
    process: Guarded,
}

/// What a gateway that has ended leaves.
#[derive(Debug)]
pub struct Ended {
    /// Its folder.
    pub folder: PathBuf,
    /// Its audit log.
    pub audit: PathBuf,
}

impl Gateway {
    /// Starts one with the server behind it, in a new folder.
    pub fn start(plan: &Plan, behind: &str) -> crate::Result<Gateway> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("claw-load-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("main.claw"), POLICY)?;
        let digest = sha256(TOKEN);
        let config = format!(
            "environment = \"load\"\ndata = \"data\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n[policy]\npath = \"main.claw\"\n\
             [[server]]\nname = \"echo\"\nurl = \"{behind}\"\n\
             [[caller]]\nname = \"load\"\ntoken_sha256 = \"{digest}\"\nagent = {{ id = \"bot\", roles = [\"bot\"] }}\n{}\n",
            plan.settings
        );
        let file = folder.join("claw-gateway.toml");
        std::fs::write(&file, config)?;
        let log = std::fs::File::create(folder.join("log"))?;
        let child = Command::new(&plan.gateway).arg("run").arg("--config").arg(&file).stderr(log).spawn()?;
        Ok(Gateway { url: format!("http://127.0.0.1:{port}"), folder, process: Guarded(child) })
    }

    /// Waits until it serves.
    pub async fn ready(&self) -> crate::Result<()> {
        let health = format!("{}/healthz", self.url);
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if reqwest::get(&health).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the gateway does not answer; its log is {}", self.folder.join("log").display()).into())
    }

    /// Its resident memory, in bytes; 0 where the system does not tell.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    /// The seconds for which it kept a core busy; 0 where the system does not tell.
    pub fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.0.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) -> crate::Result<Ended> {
        Command::new("kill").arg(self.process.0.id().to_string()).status()?;
        let end = Instant::now() + Duration::from_secs(60);
        while self.process.0.try_wait()?.is_none() {
            if Instant::now() > end {
                return Err("the gateway does not end".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let audit = self.folder.join("data").join("audit");
        Ok(Ended { folder: self.folder.clone(), audit })
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
