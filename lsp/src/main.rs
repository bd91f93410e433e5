//! `claw-lsp`: the claw language server, on standard input and output.
//!
//! `backend` turns protocol messages into events and requests into questions; `main_loop` takes the events one by one;
//! `world`, which the loop owns, knows documents, files and policies; a `snapshot` of it answers a request, in the way of
//! that request's file in `features`; `publish` remembers what the client was told; `map` is the only place where byte
//! offsets become positions. The answers themselves come from the compiler.

mod backend;
mod capabilities;
mod features;
mod files;
mod guard;
mod library;
mod main_loop;
mod map;
mod publish;
mod service;
mod snapshot;
mod text;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use tower_lsp::{LspService, Server};

use crate::backend::Backend;
use crate::service::{Exit, Wrapper};

/// Messages that are handled at a time. A cancellation waits behind so many requests at most.
const CONCURRENCY: usize = 64;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None | Some("--stdio") => {}
        Some("--version" | "-V") => {
            println!("claw-lsp {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!(
                "claw-lsp: unknown argument `{other}`; editors start it without any, it speaks on standard input and output"
            );
            return ExitCode::from(2);
        }
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("claw-lsp: cannot start: {error}");
            return ExitCode::from(2);
        }
    };
    let code = runtime.block_on(serve());
    // A thread may still be waiting for standard input, which the client need not close.
    runtime.shutdown_background();
    code
}

async fn serve() -> ExitCode {
    let (service, socket) = LspService::new(Backend::new);
    let exit = Exit::default();
    let server = Server::new(tokio::io::stdin(), tokio::io::stdout(), socket).concurrency_level(CONCURRENCY);
    let wrapped = Wrapper::new(service, exit.clone());
    tokio::select! {
        () = server.serve(wrapped) => {}
        () = exit.requested() => {
            // The answer to `shutdown` may still be on its way out.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    if exit.is_orderly() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
