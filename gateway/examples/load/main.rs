//! Puts a gateway under load and says what it adds: 1,000 calls a second, whatever becomes of those before.
//!
//! ```text
//! cargo build --release -p claw-gateway -p clawc --bins --example load
//! target/release/examples/load --gateway target/release/claw-gateway --clawc target/release/clawc [--seconds 60]
//! ```
//!
//! It starts an MCP server that echoes, calls it directly, then through the gateway over streamable HTTP with the audit log
//! on, then directly again. A proxy that only passes requests on is measured as well: what a second hop costs on this machine,
//! before anything is decided. Latencies count from when a call was due (an open loop), so a gateway that stalls is seen.
//! What is asserted are counts: every call is answered rightly and is in the log, which verifies. Latencies are printed.

mod client;
mod echo;
mod measure;
mod process;

use std::path::{Path, PathBuf};
use std::time::Duration;

use measure::{Quantiles, Sample};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What is to be done.
#[derive(Clone, Debug)]
struct Plan {
    gateway: PathBuf,
    clawc: PathBuf,
    rate: u32,
    seconds: u32,
    sessions: usize,
    /// More of the gateway's configuration.
    settings: String,
    keep: bool,
}

fn main() -> Result<()> {
    // Nothing here speaks TLS, but the HTTP client wants to know how it would.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut args = std::env::args().skip(1).peekable();
    if args.peek().is_some_and(|arg| arg == "echo") {
        return runtime(1)?.block_on(echo::serve());
    }
    if args.next_if(|arg| arg == "pass").is_some() {
        let behind = args.next().ok_or("pass where?")?;
        return runtime(2)?.block_on(echo::pass(behind));
    }
    let plan = plan(args)?;
    runtime(1)?.block_on(run(&plan))
}

fn runtime(threads: usize) -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?)
}

fn plan(args: impl Iterator<Item = String>) -> Result<Plan> {
    let mut plan = Plan {
        gateway: "target/release/claw-gateway".into(),
        clawc: "target/release/clawc".into(),
        rate: 1000,
        seconds: 60,
        sessions: 32,
        settings: String::new(),
        keep: false,
    };
    let mut args = args;
    while let Some(arg) = args.next() {
        if arg == "--keep" {
            plan.keep = true;
            continue;
        }
        let value = args.next().ok_or_else(|| format!("`{arg}` needs a value"))?;
        match arg.as_str() {
            "--gateway" => plan.gateway = value.into(),
            "--clawc" => plan.clawc = value.into(),
            "--rate" => plan.rate = value.parse()?,
            "--seconds" => plan.seconds = value.parse()?,
            "--sessions" => plan.sessions = value.parse()?,
            "--settings" => plan.settings = value,
            _ => return Err(format!("there is no `{arg}`").into()),
        }
    }
    Ok(plan)
}

async fn run(plan: &Plan) -> Result<()> {
    let echo = process::echo()?;
    let direct = format!("http://127.0.0.1:{}/mcp", echo.port);
    let passer = process::pass(&direct)?;
    let brief = (plan.seconds / 3).clamp(1, 20);
    let before = load(plan, &direct, None, brief, None).await?;
    let passed = load(plan, &format!("http://127.0.0.1:{}/mcp", passer.port), None, brief, None).await?;

    let gateway = process::Gateway::start(plan, &direct)?;
    gateway.ready().await?;
    let url = format!("{}/mcp/echo", gateway.url);
    let warm = load(plan, &url, Some(process::TOKEN), 1, None).await?;
    let through = load(plan, &url, Some(process::TOKEN), plan.seconds, Some(&gateway)).await?;
    let ended = gateway.stop()?;
    let after = load(plan, &direct, None, brief, None).await?;

    let calls = warm.answered + through.answered;
    report(plan, [&before, &passed, &through, &after]);
    let records = audit(&plan.clawc, &ended.audit)?;
    println!(
        "audit     {} decisions, {} results, for {calls} calls; the log verifies",
        records.decisions, records.results
    );
    let lost = before.failed + passed.failed + warm.failed + through.failed + after.failed;
    if lost > 0 {
        return Err(format!("{lost} calls failed: {}", through.failures.join("; ")).into());
    }
    if (records.decisions, records.results) != (calls, calls) {
        return Err("the audit log does not have every call once".into());
    }
    if !plan.keep {
        std::fs::remove_dir_all(&ended.folder)?;
    }
    Ok(())
}

async fn load(
    plan: &Plan,
    url: &str,
    token: Option<&str>,
    seconds: u32,
    watched: Option<&process::Gateway>,
) -> Result<Sample> {
    let sessions = client::open(url, token, plan.sessions).await?;
    let sample = measure::open_loop(&sessions, plan.rate, Duration::from_secs(seconds.into()), watched).await;
    for session in &sessions {
        session.close().await;
    }
    Ok(sample)
}

fn report(plan: &Plan, [before, passed, through, after]: [&Sample; 4]) {
    println!("{} calls/s, {} sessions", plan.rate, plan.sessions);
    println!("             calls      p50      p90      p99    p99.9      max");
    for (name, sample) in [("direct", before), ("passed on", passed), ("gateway", through), ("direct", after)] {
        println!("{name:<9} {:>8} {}", sample.answered, sample.quantiles());
    }
    let direct = Quantiles::mean(&before.quantiles(), &after.quantiles());
    println!("added              {}", through.quantiles().minus(&direct));
    println!("to passing on      {}", through.quantiles().minus(&passed.quantiles()));
    if let (Some(first), Some(last)) = (through.memory.first(), through.memory.last()) {
        let most = through.memory.iter().max().unwrap_or(last);
        println!(
            "memory    {:.1} MB at first, {:.1} MB at the end, {:.1} MB at most",
            mb(*first),
            mb(*last),
            mb(*most)
        );
    }
    println!("cpu       {:.0} % of a core by the gateway", through.cpu * 100.0);
}

#[allow(clippy::cast_precision_loss)] // For people.
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

struct Records {
    decisions: u64,
    results: u64,
}

/// Verifies the log and counts calls in it.
fn audit(clawc: &Path, folder: &Path) -> Result<Records> {
    let verified = std::process::Command::new(clawc).args(["audit", "verify"]).arg(folder).output()?;
    if !verified.status.success() {
        return Err(format!("the log does not verify: {}", String::from_utf8_lossy(&verified.stdout)).into());
    }
    let mut records = Records { decisions: 0, results: 0 };
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            for line in std::fs::read_to_string(path)?.lines() {
                records.decisions += u64::from(line.contains(r#""event":"decision""#));
                records.results += u64::from(line.contains(r#""event":"result""#));
            }
        }
    }
    Ok(records)
}
