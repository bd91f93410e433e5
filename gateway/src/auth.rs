//! Who gets in: bearer tokens ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)) and client certificates, looked up
//! among the callers and the people of the configuration.
//!
//! Knows tokens only as their digests. An answer to whoever does not get in says what to do, and nothing that would help
//! to guess: an unknown token and another's look alike.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use claw_engine::{Clock, SystemClock};
use claw_runtime::Time;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::config::{Ability, Caller, Config, Person, Token, TokenDigest};
use crate::http::Problem;

/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 512;

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &str) -> TokenDigest {
        TokenDigest::of_bytes(token.as_bytes())
    }

    /// The digest of a certificate, in DER.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> TokenDigest {
        TokenDigest(Sha256::digest(bytes).into())
    }

    /// Whether they are equal, in a time that does not tell where they differ.
    #[must_use]
    pub fn is(&self, other: &TokenDigest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Why someone does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Neither a token nor a certificate was shown.
    Missing,
    /// Nobody here has this token or certificate, or not in this role.
    Unknown,
    /// The token was good until some time ago.
    Expired,
    /// It is good, but not for this.
    NotAllowed(Ability),
}

/// The SHA-256 of the certificate that a client has shown on this connection: the acceptor puts it among a request's
/// extensions once the certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientCertificate(pub TokenDigest);

/// Everyone who may come in, by what they show.
#[derive(Debug)]
pub struct Doors {
    tokens: HashMap<[u8; 32], (Token, Principal)>,
    certificates: HashMap<[u8; 32], Arc<Caller>>,
    metrics: Option<TokenDigest>,
}

#[derive(Clone, Debug)]
enum Principal {
    Caller(Arc<Caller>),
    Person(Arc<Person>),
}

impl Doors {
    /// The doors of a configuration, which gives each token to one caller or person.
    #[must_use]
    pub fn new(config: &Config) -> Doors {
        let mut tokens = HashMap::new();
        let callers = config.callers.iter().map(|caller| (&caller.tokens, Principal::Caller(Arc::clone(caller))));
        let people = config.people.iter().map(|person| (&person.tokens, Principal::Person(Arc::clone(person))));
        for (theirs, principal) in callers.chain(people) {
            for token in theirs {
                tokens.entry(token.digest.0).or_insert_with(|| (token.clone(), principal.clone()));
            }
        }
        let shown = |caller: &Arc<Caller>| {
            let caller = Arc::clone(caller);
            caller.certificates.clone().into_iter().map(move |digest| (digest.0, Arc::clone(&caller)))
        };
        Doors {
            tokens,
            certificates: config.callers.iter().flat_map(shown).collect(),
            metrics: config.http.as_ref().and_then(|http| http.metrics_token),
        }
    }

    /// The caller with this token.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn caller(&self, token: &str, now: Time) -> Result<Arc<Caller>, Closed> {
        match self.holder(token, now)? {
            Principal::Caller(caller) => Ok(Arc::clone(caller)),
            Principal::Person(_) => Err(Closed::Unknown),
        }
    }

    /// The person with this token.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn person(&self, token: &str, now: Time) -> Result<Arc<Person>, Closed> {
        match self.holder(token, now)? {
            Principal::Person(person) => Ok(Arc::clone(person)),
            Principal::Caller(_) => Err(Closed::Unknown),
        }
    }

    /// When a token that is good now ceases to be, if it ever does: sessions that it opened must not outlive it.
    #[must_use]
    pub fn expires(&self, token: &str) -> Option<Time> {
        self.found(token).and_then(|(token, _)| token.expires)
    }

    /// The caller whose certificate has this SHA-256.
    ///
    /// # Errors
    /// [`Closed::Unknown`].
    pub fn caller_by_certificate(&self, fingerprint: &TokenDigest) -> Result<Arc<Caller>, Closed> {
        self.certificates.get(&fingerprint.0).cloned().ok_or(Closed::Unknown)
    }

    /// The caller of a request: by its bearer token or, if it brings none, by the certificate of its connection. A bad
    /// token is never made good by a certificate.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn caller_of(&self, request: &Request, now: Time) -> Result<Arc<Caller>, Closed> {
        match bearer(request.headers()) {
            Ok(token) => self.caller(token, now),
            Err(Closed::Missing) => {
                let shown = request.extensions().get::<ClientCertificate>().ok_or(Closed::Missing)?;
                self.caller_by_certificate(&shown.0)
            }
            Err(closed) => Err(closed),
        }
    }

    /// Whether whoever sends these headers may read the metrics.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn may_read_metrics(&self, headers: &HeaderMap) -> Result<(), Closed> {
        let Some(wanted) = &self.metrics else { return Ok(()) };
        if TokenDigest::of(bearer(headers)?).is(wanted) { Ok(()) } else { Err(Closed::Unknown) }
    }

    fn holder(&self, token: &str, now: Time) -> Result<&Principal, Closed> {
        if token.is_empty() {
            return Err(Closed::Missing);
        }
        let (token, principal) = self.found(token).ok_or(Closed::Unknown)?;
        match token.expires {
            Some(end) if now >= end => Err(Closed::Expired),
            _ => Ok(principal),
        }
    }

    fn found(&self, token: &str) -> Option<&(Token, Principal)> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        // What the look-up's time tells is of the digest, which nobody can steer towards a token's. Equality is still
        // decided in constant time.
        let digest = TokenDigest::of(token);
        self.tokens.get(&digest.0).filter(|(token, _)| token.digest.is(&digest))
    }
}

/// The bearer token of a request: one `Authorization` header with one token in it.
///
/// # Errors
/// [`Closed::Missing`], or [`Closed::Unknown`] where the header is of another sort.
pub fn bearer(headers: &HeaderMap) -> Result<&str, Closed> {
    let mut all = headers.get_all(header::AUTHORIZATION).into_iter();
    let first = all.next().ok_or(Closed::Missing)?;
    let text = first.to_str().ok().filter(|_| all.next().is_none()).ok_or(Closed::Unknown)?;
    let (scheme, token) = text.split_once(' ').ok_or(Closed::Unknown)?;
    let token = token.trim_matches(' ');
    let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if scheme.eq_ignore_ascii_case("bearer") && plain { Ok(token) } else { Err(Closed::Unknown) }
}

/// What a route demands: for [`axum::middleware::from_fn_with_state`] with [`demand_caller`].
#[derive(Clone, Debug)]
pub struct Demand {
    /// Where the doors are.
    pub app: App,
    /// What the caller must be allowed to do.
    pub ability: Ability,
}

/// Lets only callers in that have an ability, and tells the route who it is, as `Extension<Arc<Caller>>`.
///
/// # Errors
/// [`Closed`], as a [`Problem`].
pub async fn demand_caller(
    State(demand): State<Demand>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = demand.app.doors.caller_of(&request, now()?)?;
    if !caller.may.contains(&demand.ability) {
        return Err(Closed::NotAllowed(demand.ability).into());
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Lets only people in, by bearer token, and tells the route who it is, as `Extension<Arc<Person>>`.
///
/// # Errors
/// [`Closed`], as a [`Problem`].
pub async fn demand_person(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let person = app.doors.person(bearer(request.headers())?, now()?)?;
    request.extensions_mut().insert(person);
    Ok(next.run(request).await)
}

/// The machine's time, which decides whether tokens are still good.
///
/// # Errors
/// A [`Problem`] where it can't be told: nobody gets in then.
pub fn now() -> Result<Time, Problem> {
    let unknown = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_clock", "the gateway does not know the time");
    SystemClock.now().ok_or_else(unknown)
}

impl Ability {
    /// Its name in configurations.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Ability::Mcp => "mcp",
            Ability::Decide => "decide",
            Ability::Manage => "manage",
        }
    }
}

impl From<Closed> for Problem {
    fn from(closed: Closed) -> Problem {
        let unauthorized = |code, message| Problem::new(StatusCode::UNAUTHORIZED, code, message);
        match closed {
            Closed::Missing => unauthorized("no_token", "a token is needed")
                .help("send `Authorization: Bearer TOKEN`; `claw-gateway token` makes one"),
            Closed::Unknown => unauthorized("unknown_token", "this token is not known here")
                .help("whoever keeps the gateway's configuration can give you one"),
            Closed::Expired => unauthorized("expired_token", "this token has expired")
                .help("whoever keeps the gateway's configuration can give you a new one"),
            Closed::NotAllowed(ability) => {
                let message = format!("this token may not do this: it lacks `{}`", ability.code());
                Problem::new(StatusCode::FORBIDDEN, "not_allowed", message)
            }
        }
        .with_header(header::WWW_AUTHENTICATE, challenge(closed))
    }
}

fn challenge(closed: Closed) -> HeaderValue {
    HeaderValue::from_static(match closed {
        Closed::Missing => "Bearer realm=\"claw\"",
        Closed::Unknown | Closed::Expired => "Bearer realm=\"claw\", error=\"invalid_token\"",
        Closed::NotAllowed(Ability::Mcp) => "Bearer realm=\"claw\", error=\"insufficient_scope\", scope=\"mcp\"",
        Closed::NotAllowed(Ability::Decide) => "Bearer realm=\"claw\", error=\"insufficient_scope\", scope=\"decide\"",
        Closed::NotAllowed(Ability::Manage) => "Bearer realm=\"claw\", error=\"insufficient_scope\", scope=\"manage\"",
    })
}

impl IntoResponse for Closed {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
