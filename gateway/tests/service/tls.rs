//! Callers by their certificates, over real TLS. The certificates are made by the `openssl` program, if it is there.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claw_gateway::app::App;
use claw_gateway::config::{Caller, Config, Tls, TokenDigest};
use claw_gateway::{http, tls};

use crate::support::*;

/// Makes a certificate: `name.pem` and `name.key`, signed by `by` or by itself. Whether that worked.
fn certificate(folder: &Path, name: &str, by: Option<&str>, extension: &str) -> bool {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(["req", "-config", "openssl.cnf", "-x509", "-newkey", "ec", "-nodes"]);
    command.args(["-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2", "-addext", extension]);
    command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem"), "-subj", &format!("/CN={name}")]);
    if let Some(by) = by {
        command.args(["-CA", &format!("{by}.pem"), "-CAkey", &format!("{by}.key")]);
    }
    command.output().is_ok_and(|output| output.status.success())
}

fn certificates(folder: &Path) -> bool {
    std::fs::write(folder.join("openssl.cnf"), "[req]\ndistinguished_name = dn\n[dn]\n").unwrap();
    let authority = "basicConstraints=critical,CA:TRUE";
    let client = "extendedKeyUsage=clientAuth";
    certificate(folder, "authority", None, authority)
        && certificate(folder, "foreign-authority", None, authority)
        && certificate(folder, "server", Some("authority"), "subjectAltName=IP:127.0.0.1")
        && certificate(folder, "host", Some("authority"), client)
        && certificate(folder, "stranger", Some("authority"), client)
        && certificate(folder, "forger", Some("foreign-authority"), client)
}

fn fingerprint(pem: &Path) -> TokenDigest {
    let text = std::fs::read_to_string(pem).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    TokenDigest::of_bytes(&STANDARD.decode(base64).unwrap())
}

fn client(folder: &Path, name: Option<&str>) -> reqwest::Client {
    let pem = |file: &str| std::fs::read(folder.join(file)).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem("authority.pem")).unwrap();
    let mut builder = reqwest::Client::builder().tls_certs_only([authority]);
    if let Some(name) = name {
        let both = [pem(&format!("{name}.pem")), pem(&format!("{name}.key"))].concat();
        builder = builder.identity(reqwest::Identity::from_pem(&both).unwrap());
    }
    builder.build().unwrap()
}

#[tokio::test]
async fn certificates_open_and_strangers_are_not_even_answered() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !certificates(folder) {
        println!("skipped: there is no `openssl` that makes certificates");
        return;
    }
    tls::install();
    let gateway = Gateway::open();
    let mut config = Config::clone(&gateway.app.config);
    let certificates = vec![fingerprint(&folder.join("host.pem"))];
    config.callers[0] = Arc::new(Caller { certificates, ..Caller::clone(&config.callers[0]) });
    let app = App::new(Arc::new(config), gateway.app.guard.clone(), Arc::clone(&gateway.app.metrics));
    let files = Tls {
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
        client_ca: Some(folder.join("authority.pem")),
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = tls::Acceptor::new(tls::server(&files).unwrap());
    let server = axum_server::from_tcp(listener).unwrap().acceptor(acceptor);
    let server = tokio::spawn(server.serve(http::router(app).into_make_service()));

    let body = std::fs::read_to_string(examples().join("requests/mail-to-colleague.json")).unwrap();
    let ask = async |name: Option<&str>, token: Option<&str>| {
        let mut request = client(folder, name).post(format!("https://{address}/v1/decide"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.header(header::CONTENT_TYPE, "application/json").body(body.clone()).send().await;
        answer.map(|answer| answer.status().as_u16())
    };
    assert_eq!(ask(Some("host"), None).await.unwrap(), 200);
    assert_eq!(ask(Some("host"), Some("nonsense")).await.unwrap(), 401);
    assert_eq!(ask(Some("host"), Some(AGENT)).await.unwrap(), 403);
    assert_eq!(ask(Some("stranger"), None).await.unwrap(), 401);
    assert_eq!(ask(Some("stranger"), Some(HOST_OF_ACME)).await.unwrap(), 200);
    assert!(ask(Some("forger"), Some(HOST_OF_ACME)).await.is_err());
    assert!(ask(None, Some(HOST_OF_ACME)).await.is_err());
    server.abort();
}
