//! One POST of JSON, answered with JSON, within bounds: what the functions over HTTP have in common.
//!
//! No redirect is followed, no proxy of the environment is used, and nothing but a `200` with JSON counts.

use std::sync::Arc;
use std::time::Duration;

use claw_runtime::{Json, Limits};
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// How a policy engine is spoken to.
#[derive(Clone)]
pub struct HttpOptions {
    /// How long connecting may take, besides the time-out of the question. Default 500 ms.
    pub connect: Duration,
    /// Bytes of an answer; a longer one is unknown. Default 64 KiB.
    pub max_bytes: usize,
    /// Further headers, such as `Authorization`. They are not shown when this is printed.
    pub headers: Vec<(String, String)>,
    /// Certificates in PEM that are trusted instead of the public ones; empty for the public ones.
    pub roots_pem: Vec<u8>,
}

impl Default for HttpOptions {
    fn default() -> HttpOptions {
        let connect = Duration::from_millis(500);
        HttpOptions { connect, max_bytes: 64 << 10, headers: Vec::new(), roots_pem: Vec::new() }
    }
}

impl std::fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let HttpOptions { connect, max_bytes, .. } = self;
        f.debug_struct("HttpOptions").field("connect", connect).field("max_bytes", max_bytes).finish_non_exhaustive()
    }
}

/// One address that is posted to.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    url: String,
    options: HttpOptions,
}

impl Client {
    /// Joins a base such as `https://opa.example:8181` and a path that begins with `/`.
    pub(super) fn new(base: &str, path: &str, options: HttpOptions) -> Result<Client, String> {
        let uri: Uri = base.parse().map_err(|_| format!("`{base}` is no URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(format!("`{base}` is neither `http://…` nor `https://…`"));
        }
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err("a URL of a policy engine has a host and no password: put credentials in a header".to_owned());
        }
        if uri.query().is_some() {
            return Err(format!("`{base}` has a query"));
        }
        let tls = TlsConfig::builder().root_certs(roots(&options.roots_pem)?).build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(options.connect))
            .max_response_header_size(16 << 10)
            .tls_config(tls)
            .user_agent("claw")
            .build()
            .new_agent();
        Ok(Client { agent, url: format!("{}{path}", base.trim_end_matches('/')), options })
    }

    /// Posts, and reads the answer, all within `left`.
    pub(super) fn post(&self, body: &Json, left: Duration) -> Result<Json, String> {
        let mut request = self.agent.post(&self.url).config().timeout_global(Some(left)).build();
        for (name, value) in &self.options.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let request = request.content_type("application/json").header("Accept", "application/json");
        let mut response = request.send(body.to_string()).map_err(|e| format!("the request failed: {e}"))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(format!("answered with status {status}"));
        }
        let max = u64::try_from(self.options.max_bytes).unwrap_or(u64::MAX);
        let bytes = response.body_mut().with_config().limit(max).read_to_vec();
        let bytes = bytes.map_err(|e| format!("the answer could not be read: {e}"))?;
        let limits = Limits { bytes: self.options.max_bytes, ..Limits::default() };
        Json::parse(&bytes, &limits).map_err(|e| format!("the answer is not JSON: {}", e.message))
    }
}

fn roots(pem: &[u8]) -> Result<RootCerts, String> {
    if pem.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(e) => return Err(format!("the certificates can't be read: {e}")),
        }
    }
    if certificates.is_empty() {
        return Err("there is no certificate in what should be trusted".to_owned());
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// An object of these members.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
    Json::Obj(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}
