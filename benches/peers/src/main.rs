//! claw beside other engines and hand-written code: the same policies, the same requests, one process.
//!
//! `cargo run --release -- --out results/` prints tables and writes `peers.md`, `peers.json` and `peers.svg`. Every engine
//! must give the known answer to every request before anything is timed, or the run fails.

mod bytes;
mod history;
mod measure;
mod peers;
mod report;
mod tenants;
mod threads;
mod workload;
mod workloads;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::measure::{Decide, Seat, contest};
use crate::peers::{COLUMNS, Column};
use crate::report::Row;
use crate::workload::Workload;

/// Compare claw with other policy engines and with hand-written code
#[derive(Parser)]
struct Args {
    /// Where peers.md, peers.json and peers.svg are written
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only small workloads and short turns: whether everybody agrees
    #[arg(long)]
    quick: bool,
    /// Only the workload of this name: agents, roles, hosts, folders, regexes, lists, matrix, labels, history, json,
    /// tenants, threads
    #[arg(long)]
    only: Option<String>,
    /// How long one turn of one engine takes, in milliseconds
    #[arg(long, default_value_t = 100)]
    turn: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let rows = match rows(&args) {
        Ok(rows) => rows,
        Err(disagreement) => {
            eprintln!("{disagreement}");
            return ExitCode::FAILURE;
        }
    };
    let table = report::markdown(&rows);
    println!("{table}");
    if let Some(folder) = &args.out
        && let Err(error) = write(folder, &table, &rows)
    {
        eprintln!("{}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write(folder: &Path, table: &str, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("peers.md"), table)?;
    std::fs::write(folder.join("peers.json"), serde_json::to_string_pretty(rows)?)?;
    report::plot(rows, &folder.join("peers.svg"))
}

fn rows(args: &Args) -> Result<Vec<Row>, String> {
    let (quick, turn) = (args.quick, Duration::from_millis(if args.quick { 1 } else { args.turn }));
    let wanted = |name: &str| args.only.as_deref().is_none_or(|only| only == name);
    let mut rows = Vec::new();
    for (name, size, make) in workloads::all(quick) {
        if wanted(name) {
            eprintln!("{name} of {size}");
            rows.push(row(&make(size), turn)?);
        }
    }
    type Group = fn(bool, Duration) -> Result<Vec<Row>, String>;
    let groups: [(&str, Group); 4] =
        [("history", history::rows), ("json", bytes::rows), ("tenants", tenants::rows), ("threads", threads::rows)];
    for (name, group) in groups {
        if wanted(name) {
            eprintln!("{name}");
            rows.extend(group(quick, turn)?);
        }
    }
    if rows.is_empty() {
        return Err("there is no workload of this name".to_owned());
    }
    Ok(rows)
}

fn row(workload: &Workload, turn: Duration) -> Result<Row, String> {
    let mut seats: Vec<Seat<'_>> =
        COLUMNS.iter().map(|column| Seat::or_reason(column.name, ready(column, workload))).collect();
    seats.insert(1, Seat::new("by hand", |case| (workload.by_hand)(case)));
    let expected: Vec<bool> = workload.cases.iter().map(|case| case.allowed).collect();
    let cells = contest(seats, &expected, turn).map_err(|e| format!("{} of {}: {e}", workload.name, workload.size))?;
    let (name, about) = (workload.name.to_owned(), workload.about.to_owned());
    Ok(Row { group: "A prepared request", name, size: workload.size, about, cells })
}

fn ready<'w>(column: &Column, workload: &Workload) -> Result<Decide<'w>, String> {
    if workload.size > column.most {
        return Err(format!("left out beyond {} rules: {}", column.most, column.why));
    }
    let mut peer = (column.ready)(workload)?;
    Ok(Box::new(move |case| peer.decide(case)))
}
