//! Running: listening, serving, and ending in good order.
//!
//! A gateway ends on SIGTERM or SIGINT: it accepts nothing more, calls that wait for votes are told so, calls that run are
//! finished within [`GRACE`], and the audit log is closed last. A second signal ends it at once.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::accept::NoDelayAcceptor;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;

use crate::app::App;
use crate::config::{Caller, Config, Http, own_url};
use crate::failure::Failure;
use crate::mcp::Mcp;
use crate::open::{self, Keep, Place};
use crate::{http, tls, webhook};

/// How long running calls may take to end.
pub const GRACE: Duration = Duration::from_secs(30);
/// How long the head of a request may take to arrive.
const HEAD: Duration = Duration::from_secs(10);
/// How often old calls are forgotten; askings with each sixtieth time.
const FORGET: Duration = Duration::from_secs(60);

/// Serves HTTP until a signal ends it.
///
/// # Errors
/// [`Failure`] where it can't start, or not end safely.
pub fn run(config: Config) -> Result<(), Failure> {
    let Some(http) = config.http.clone() else {
        return Err(Failure::new("there is nothing to run: `listen` of [http] is `off`")
            .help("`claw-gateway stdio` serves one client over standard input and output"));
    };
    let listener = bind(&http)?;
    let config = with_port(config, &listener);
    start(config, Place::Main, |app, mcp| serve(app, mcp, http, listener))
}

/// Serves the MCP servers of these names, or all, to the one client on standard input and output; and HTTP beside it,
/// where anybody could sign in there and no other gateway does that already.
///
/// # Errors
/// [`Failure`] where it can't start, or not end safely.
pub fn stdio(config: Config, servers: Vec<String>) -> Result<(), Failure> {
    let caller = stdio_caller(&config)?;
    let wanted = config.people.iter().any(|person| !person.tokens.is_empty());
    let beside = config.http.clone().filter(|_| wanted).and_then(|http| match bind(&http) {
        Ok(listener) => Some((http, listener)),
        Err(failure) => {
            tracing::info!("no page of its own: {failure}");
            None
        }
    });
    let config = match &beside {
        Some((_, listener)) => with_port(config, listener),
        None => Config { http: None, ..config },
    };
    let work = |app: App, mcp: Mcp| async move {
        let stop = app.stop.clone();
        let page = beside.map(|(http, listener)| tokio::spawn(serve(app.clone(), mcp.clone(), http, listener)));
        let served = tokio::select! {
            served = mcp.stdio(caller, &servers) => served.map_err(|error| Failure::new(error.to_string())),
            () = stop.cancelled() => Ok(()),
        };
        stop.cancel();
        if let Some(page) = page {
            // What the page could not do is no reason to say that the client was not served.
            let _ = page.await;
        }
        served
    };
    // A client starts its own gateway, and others may run on the same data.
    start(config, Place::Beside, work)
}

/// Who calls over standard input and output: the caller named `stdio`, or the only one.
fn stdio_caller(config: &Config) -> Result<Arc<Caller>, Failure> {
    let named = config.callers.iter().find(|caller| caller.name == "stdio");
    match (named, config.callers.as_slice()) {
        (Some(caller), _) | (None, [caller]) => Ok(Arc::clone(caller)),
        (None, []) => Err(Failure::new("nobody is configured to call")
            .help("add a `[[caller]]` with the name `stdio`, and say which agent it is")),
        (None, _) => Err(Failure::new("it is not clear which of the callers calls over standard input and output")
            .help("give one of them the name `stdio`")),
    }
}

fn bind(http: &Http) -> Result<TcpListener, Failure> {
    let failed = |error: io::Error| {
        let message = format!("cannot listen on {}: {}", http.listen, crate::failure::describe(&error));
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                Failure::new(message).help("something else listens there; `listen` of `[http]` names another port")
            }
            _ => Failure::new(message),
        }
    };
    let listener = TcpListener::bind(http.listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// The configuration with the port that the system chose, where it was to choose one.
fn with_port(mut config: Config, listener: &TcpListener) -> Config {
    if let (Some(http), Ok(address)) = (&mut config.http, listener.local_addr()) {
        let unspoken = http.public_url.port() == Some(0);
        if http.listen.port() == 0
            && unspoken
            && let Some(url) = own_url(address, http.tls.is_some())
        {
            http.public_url = url;
        }
        http.listen = address;
    }
    config
}

/// Opens the engine, does the work until it or a signal ends it, and closes everything.
fn start<W>(config: Config, place: Place, work: impl FnOnce(App, Mcp) -> W) -> Result<(), Failure>
where
    W: Future<Output = Result<(), Failure>>,
{
    tls::install();
    let (app, keep) = open::open(Arc::new(config), place)?;
    let keep = Arc::new(keep);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let result = runtime.block_on(async {
        tokio::spawn(signals(app.clone()));
        tokio::spawn(forgetting(app.clone(), Arc::clone(&keep)));
        let mcp = Mcp::open(app.clone()).map_err(Failure::new)?;
        let webhook = webhook::spawn(&app, place).map_err(Failure::new)?;
        let result = work(app.clone(), mcp.clone()).await;
        app.stop.cancel();
        app.tasks.close();
        let (ended, within) = tokio::join!(mcp.closed(GRACE), tokio::time::timeout(GRACE, app.tasks.wait()));
        if !ended || within.is_err() {
            tracing::warn!("some calls did not end within {} s", GRACE.as_secs());
        }
        if let Some(webhook) = webhook {
            // Each message that waits gets one attempt, and all of them together a few seconds.
            let _ = webhook.await;
        }
        result
    });
    drop(app);
    runtime.shutdown_timeout(Duration::from_secs(5));
    let closed = Arc::into_inner(keep).map_or(Ok(()), Keep::close);
    result.and(closed)
}

/// Ends the gateway on the first signal, and the process on the second.
async fn signals(app: App) {
    let Some(name) = signal().await else { return };
    tracing::info!("{name}: ending; running calls have {} s", GRACE.as_secs());
    app.stop.cancel();
    if signal().await.is_some() {
        tracing::warn!("ending at once");
        std::process::exit(1);
    }
}

#[cfg(unix)]
async fn signal() -> Option<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate()).ok()?, signal(SignalKind::interrupt()).ok()?);
    tokio::select! {
        _ = term.recv() => Some("SIGTERM"),
        _ = int.recv() => Some("SIGINT"),
    }
}

#[cfg(not(unix))]
async fn signal() -> Option<&'static str> {
    tokio::signal::ctrl_c().await.ok().map(|()| "interrupted")
}

async fn forgetting(app: App, keep: Arc<Keep>) {
    let mut every = tokio::time::interval(FORGET);
    for minute in 0u64.. {
        tokio::select! {
            _ = every.tick() => {}
            () = app.stop.cancelled() => return,
        }
        let keep = Arc::clone(&keep);
        let forget = move || {
            keep.forget_calls();
            if minute.is_multiple_of(60) {
                keep.forget_askings();
            }
        };
        if let Err(error) = tokio::task::spawn_blocking(forget).await {
            tracing::warn!("forgetting was interrupted: {error}");
        }
    }
}

/// Serves until the gateway is to end, and then until its connections have ended.
async fn serve(app: App, mcp: Mcp, settings: Http, listener: TcpListener) -> Result<(), Failure> {
    let address = listener.local_addr().unwrap_or(settings.listen);
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let routes = http::router_with(app.clone(), mcp.router()).into_make_service_with_connect_info::<SocketAddr>();
    let result = match &settings.tls {
        None => match server(&app, listener, NoDelayAcceptor::new()) {
            Ok(server) => server.serve(routes).await,
            Err(error) => Err(error),
        },
        Some(files) => match server(&app, listener, tls::Acceptor::new(tls::server(files)?)) {
            Ok(server) => server.serve(routes).await,
            Err(error) => Err(error),
        },
    };
    result.map_err(|error| Failure::new(format!("cannot serve {scheme}://{address}: {error}")))
}

/// A server that ends with the gateway.
fn server<A>(app: &App, listener: TcpListener, acceptor: A) -> io::Result<Server<SocketAddr, A>> {
    let handle = Handle::<SocketAddr>::new();
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone()).acceptor(acceptor);
    // A connection that never says what it wants does not stay.
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    server.http_builder().http2().timer(TokioTimer::new()).keep_alive_interval(HEAD);
    if let Some(http) = &app.config.http {
        tracing::info!("listening on {}", http.public_url.as_str().trim_end_matches('/'));
    }
    let stop = app.stop.clone();
    tokio::spawn(async move {
        stop.cancelled().await;
        handle.graceful_shutdown(Some(GRACE));
    });
    Ok(server)
}
