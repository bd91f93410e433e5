//! By which names a gateway answers, and to which web pages.
//!
//! A web page can make a browser send requests to any address, and, by letting its own name lead there, even read the
//! answers (DNS rebinding). So the name must be the gateway's own, and so must be the page.

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use url::{Host, Url};

use super::Problem;
use crate::config::Http;

/// The names of a gateway.
#[derive(Clone, Debug)]
pub(super) struct Names {
    public: Option<Url>,
    listen: Option<SocketAddr>,
    tls: bool,
}

impl Names {
    /// Without a listener, only a loopback name is one.
    pub(super) fn new(http: Option<&Http>) -> Names {
        Names {
            public: http.map(|http| http.public_url.clone()),
            listen: http.map(|http| http.listen),
            tls: http.is_some_and(|http| http.tls.is_some()),
        }
    }

    /// Is the request for this gateway, and not from another's web page?
    pub(super) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut hosts = headers.get_all(header::HOST).into_iter();
        let host = hosts.next().map(|value| value.to_str().ok().and_then(|text| text.parse::<Authority>().ok()));
        let named = match (uri.authority().cloned(), host) {
            (Some(of_uri), Some(Some(of_header))) if of_uri == of_header => Some(of_uri),
            (Some(named), None) | (None, Some(Some(named))) => Some(named),
            _ => None,
        };
        if !named.filter(|_| hosts.next().is_none()).is_some_and(|named| self.is_own(named.host())) {
            let message = "the request is for another host than this gateway";
            return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", message)
                .help("the configuration's `http.public_url` says how the gateway is reached"));
        }
        let mut origins = headers.get_all(header::ORIGIN).into_iter();
        let foreign = |value: &axum::http::HeaderValue| !value.to_str().is_ok_and(|text| self.is_own_page(text));
        if origins.any(foreign) {
            let message = "the request comes from another site's page";
            return Err(Problem::new(StatusCode::FORBIDDEN, "foreign_origin", message));
        }
        Ok(())
    }

    /// An address of digits is no name that anyone could let lead here; of names only the public one is known, and the
    /// machine's own where the gateway can only be reached from there.
    fn is_own(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        let loopback = self.listen.is_none_or(|listen| listen.ip().is_loopback());
        let digits = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match digits {
            Ok(ip) => match self.listen.map(|listen| listen.ip()) {
                Some(listen) => {
                    ip == listen || listen.is_unspecified() || (loopback && ip.is_loopback()) || self.is_public(host)
                }
                None => ip.is_loopback(),
            },
            Err(_) => self.is_public(host) || (loopback && host.eq_ignore_ascii_case("localhost")),
        }
    }

    fn is_public(&self, host: &str) -> bool {
        self.public.as_ref().and_then(Url::host_str).is_some_and(|public| public.eq_ignore_ascii_case(host))
    }

    fn is_own_page(&self, origin: &str) -> bool {
        let Ok(page) = Url::parse(origin) else { return false };
        if self.public.as_ref().is_some_and(|public| public.origin() == page.origin()) {
            return true;
        }
        let scheme = if self.tls { "https" } else { "http" };
        let port = self.listen.map(|listen| listen.port());
        let host = match page.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return false,
        };
        page.scheme() == scheme && page.port_or_known_default() == port && self.is_own(&host)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(listen: &str, public: &str) -> Names {
        Names { public: Some(public.parse().unwrap()), listen: Some(listen.parse().unwrap()), tls: false }
    }

    fn admits(names: &Names, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        names.admit(&"/v1/decide".parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn only_own_names_are_answered() {
        let local = names("127.0.0.1:8787", "http://127.0.0.1:8787");
        for host in ["127.0.0.1:8787", "localhost:8787", "LOCALHOST:8787", "localhost.:8787", "[::1]:8787", "127.0.0.1"]
        {
            assert!(admits(&local, host, None), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:8787", "10.0.0.1:8787", "localhost.evil.example", "a@b@c"]
        {
            assert!(!admits(&local, host, None), "{host}");
        }
        let public = names("0.0.0.0:8787", "https://claw.example");
        assert!(admits(&public, "claw.example", None) && admits(&public, "10.1.2.3:8787", None));
        assert!(!admits(&public, "localhost:8787", None) && !admits(&public, "claw.example.evil", None));
    }

    #[test]
    fn only_own_pages_are_answered() {
        let local = names("127.0.0.1:8787", "http://127.0.0.1:8787");
        let from = |origin| admits(&local, "127.0.0.1:8787", Some(origin));
        assert!(from("http://127.0.0.1:8787") && from("http://localhost:8787"));
        for foreign in ["http://127.0.0.1:9999", "https://127.0.0.1:8787", "http://evil.example", "null", "", "http://"]
        {
            assert!(!from(foreign), "{foreign}");
        }
        let public = names("0.0.0.0:8787", "https://claw.example");
        assert!(admits(&public, "claw.example", Some("https://claw.example")));
        assert!(!admits(&public, "claw.example", Some("http://claw.example")));
    }

    #[test]
    fn a_request_has_one_host() {
        let local = names("127.0.0.1:8787", "http://127.0.0.1:8787");
        let mut headers = HeaderMap::new();
        let path: Uri = "/".parse().unwrap();
        assert!(local.admit(&path, &headers).is_err());
        headers.append(header::HOST, "127.0.0.1:8787".parse().unwrap());
        let absolute: Uri = "http://evil.example/".parse().unwrap();
        assert!(local.admit(&path, &headers).is_ok() && local.admit(&absolute, &headers).is_err());
        headers.append(header::HOST, "127.0.0.1:8787".parse().unwrap());
        assert!(local.admit(&path, &headers).is_err());
    }
}
