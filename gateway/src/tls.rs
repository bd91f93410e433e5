//! TLS for the listener, and who a connection's client is by its certificate.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tower::Service;

use crate::auth::ClientCertificate;
use crate::config::{Tls, TokenDigest};
use crate::failure::Failure;

/// Chooses the cryptography of everything that speaks TLS in this process. Call it before anything does.
pub fn install() {
    // Fails only where it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The server's side of TLS.
///
/// # Errors
/// [`Failure`] where a file can't be read, or the key does not belong to the certificate.
pub fn server(tls: &Tls) -> Result<RustlsConfig, Failure> {
    let chain = certificates(&tls.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| unread(&tls.key, &error))?;
    let builder = ServerConfig::builder();
    let builder = match &tls.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                let added = roots.add(certificate);
                added.map_err(|error| Failure::new(format!("`{}`: {error}", path.display())))?;
            }
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
            let verifier = verifier.map_err(|error| Failure::new(format!("`{}`: {error}", path.display())))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| {
        let (certificate, key) = (tls.certificate.display(), tls.key.display());
        Failure::new(format!("`{certificate}` and `{key}` can't serve TLS: {error}"))
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let all = CertificateDer::pem_file_iter(path).map_err(|error| unread(path, &error))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|error| unread(path, &error))?;
    if all.is_empty() {
        return Err(Failure::new(format!("there is no certificate in `{}`", path.display())));
    }
    Ok(all)
}

fn unread(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot read `{}`: {error}", path.display())).help("certificates and keys are files in PEM")
}

/// Accepts connections over TLS, and tells requests which certificate their client has shown.
#[derive(Clone, Debug)]
pub struct Acceptor(RustlsAcceptor);

impl Acceptor {
    /// Accepts with this configuration.
    #[must_use]
    pub fn new(config: RustlsConfig) -> Acceptor {
        Acceptor(RustlsAcceptor::new(config))
    }
}

impl<S> Accept<TcpStream, S> for Acceptor
where
    S: Send + 'static,
{
    type Stream = <RustlsAcceptor as Accept<TcpStream, S>>::Stream;
    type Service = Known<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let shown = shown.map(|certificate| ClientCertificate(TokenDigest::of_bytes(certificate)));
            Ok((stream, Known { service, shown }))
        })
    }
}

/// A service whose requests carry the certificate that their connection's client has shown.
#[derive(Clone, Debug)]
pub struct Known<S> {
    service: S,
    shown: Option<ClientCertificate>,
}

impl<S, B> Service<Request<B>> for Known<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(shown) = self.shown {
            request.extensions_mut().insert(shown);
        }
        self.service.call(request)
    }
}
