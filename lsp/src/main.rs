//! `claw-lsp`: the claw language server, on standard input and output.
//!
//! `backend` turns protocol messages into events and does nothing else; `main_loop` owns all state and takes
//! the events one by one; `state` knows documents and findings but not the protocol; `convert` is the only
//! place where byte offsets become positions.

mod backend;
mod capabilities;
mod convert;
mod main_loop;
mod service;
mod state;

use std::process::ExitCode;
use std::time::Duration;

use tower_lsp::{LspService, Server};

use crate::backend::Backend;
use crate::service::{Exit, Wrapper};

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
    let server = Server::new(tokio::io::stdin(), tokio::io::stdout(), socket);
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
