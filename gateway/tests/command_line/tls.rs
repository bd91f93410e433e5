//! TLS of the listener, and clients known by their certificates: with the certificates of `openssl` and the requests of
//! `curl`.

use std::path::Path;
use std::process::{Command, Output};

use claw_gateway::config::TokenDigest;

use crate::process::{Gateway, TOKEN, write};

/// Runs a command line in the folder; `None` where the program is not on this machine.
fn shell(folder: &Path, line: &str) -> Option<Output> {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).current_dir(folder).output().ok()?;
    Some(output)
}

/// A certificate of this name: of an authority, or signed by one.
fn certificate(folder: &Path, name: &str, authority: Option<&str>) -> Option<()> {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    let line = match authority {
        None => format!("openssl req -x509 {key} -keyout {name}.key -out {name}.pem -subj /CN={name}"),
        Some(ca) => format!(
            "openssl req -x509 {key} -keyout {name}.key -out {name}.pem -subj /CN={name} -CA {ca}.pem -CAkey {ca}.key \
             -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE"
        ),
    };
    let made = shell(folder, &line)?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(())
}

/// The status that a request is answered with; the error, where there is no answer.
fn status(folder: &Path, gateway: &Gateway, more: &str) -> Result<String, String> {
    let line = format!(
        "curl --http1.1 --silent --show-error --max-time 30 --cacert ca.pem -o body -w %{{http_code}} {more} \
         -H Content-Type:application/json -d {{}} https://{}/v1/decide",
        gateway.address
    );
    let answer = shell(folder, &line).unwrap();
    if answer.status.success() {
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&answer.stderr).into_owned())
    }
}

/// SHA-256 of a certificate in PEM, as the configuration has it.
fn fingerprint(path: &Path) -> String {
    use rustls::pki_types::pem::PemObject as _;
    let der = rustls::pki_types::CertificateDer::from_pem_file(path).unwrap();
    TokenDigest::of_bytes(&der).0.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn clients_are_known_by_their_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if shell(folder, "curl --version").is_none() || certificate(folder, "ca", None).is_none() {
        println!("skipped: there is no `openssl` or no `curl`");
        return;
    }
    for name in ["server", "known", "stranger"] {
        certificate(folder, name, Some("ca"));
    }
    certificate(folder, "self", None);
    write(folder, "127.0.0.1:0");
    let file = folder.join("claw-gateway.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let tls = "tls = { certificate = \"server.pem\", key = \"server.key\", client_ca = \"ca.pem\" }\n[policy]";
    let config = config.replace("[policy]", tls)
        + &format!("certificate_sha256 = [\"{}\"]\n", fingerprint(&folder.join("known.pem")));
    std::fs::write(&file, config).unwrap();
    let gateway = Gateway::start(folder);

    let with = |name: &str, more: &str| status(folder, &gateway, &format!("--cert {name}.pem --key {name}.key {more}"));
    // Whoever is let in is told that `{}` is no request.
    assert_eq!(with("known", "").unwrap(), "400", "{}", std::fs::read_to_string(folder.join("body")).unwrap());
    assert_eq!(with("stranger", "").unwrap(), "401");
    assert_eq!(with("stranger", &format!("--oauth2-bearer {TOKEN}")).unwrap(), "400", "known by its token");
    assert!(with("self", "").is_err(), "signed by nobody that is trusted");
    assert!(status(folder, &gateway, "").is_err(), "no certificate, no connection");
    gateway.signal("-TERM");
    assert_eq!(gateway.ended().0.code(), Some(0));
}

#[test]
fn a_key_of_another_certificate_is_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if certificate(folder, "one", None).is_none() {
        println!("skipped: there is no `openssl`");
        return;
    }
    certificate(folder, "two", None);
    write(folder, "127.0.0.1:0");
    let file = folder.join("claw-gateway.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    for (key, said) in [("two.key", "can't serve TLS"), ("none.key", "cannot read"), ("one.pem", "cannot read")] {
        let tls = format!("tls = {{ certificate = \"one.pem\", key = \"{key}\" }}\n[policy]");
        std::fs::write(&file, config.replace("[policy]", &tls)).unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_claw-gateway")).arg("run").current_dir(folder).output().unwrap();
        assert_eq!(run.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&run.stderr).contains(said), "{key}: {run:?}");
    }
}
