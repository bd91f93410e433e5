//! `claw-gateway token`: a new token, and the line that accepts it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use claw_engine::{Clock, SystemClock};

use super::Exit;
use super::output::Output;
use crate::config::TokenDigest;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
The token is shown once and kept nowhere. The configuration has its SHA-256 only, which is worth nothing to a thief.

Examples:
  claw-gateway token
  claw-gateway token --name olga --expires 90d";

/// Make a token
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// Who gets it, for the line that is printed
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// After how long it is refused, such as `90d`
    #[arg(long, value_name = "AGE")]
    expires: Option<String>,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let expires = args.expires.as_deref().map(expiry).transpose()?;
    let (token, digest) = fresh()?;
    let line = match &expires {
        None => format!("token_sha256 = \"{digest}\""),
        Some(time) => format!("token_sha256 = {{ sha256 = \"{digest}\", expires = \"{time}\" }}"),
    };
    let whose = args.name.as_deref().map(|name| format!(" of `{name}`")).unwrap_or_default();
    out.print(&format!("{token}\n"))?;
    out.error(&format!(
        "\nThis is the token{whose}; it is shown once. In claw-gateway.toml it is accepted by\n\n  {line}\n"
    ));
    Ok(Exit::Clean)
}

/// A new token and its digest in hexadecimal digits.
pub(super) fn fresh() -> Result<(String, String), Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(format!("the system gives no random numbers: {error}")))?;
    let token = format!("claw_{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut hex = String::new();
    for byte in TokenDigest::of(&token).0 {
        // Writing to a text does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok((token, hex))
}

/// That long from now, to the second.
fn expiry(age: &str) -> Result<String, Failure> {
    let failure = |message: String| Failure::new(message).help("write `90d` or `12h`");
    let age = claw_runtime::Duration::parse(age).map_err(|_| failure(format!("`{age}` is no age")))?;
    if age.as_millis() <= 0 {
        return Err(failure("a token that has expired is good for nothing".to_owned()));
    }
    let now = SystemClock.now().ok_or_else(|| Failure::new("the machine's clock can't be read"))?;
    let time = now.checked_add(age).ok_or_else(|| failure("this is too far in the future".to_owned()))?;
    let whole = claw_runtime::Time::from_millis(time.as_millis().div_euclid(1000).saturating_mul(1000)).unwrap_or(time);
    Ok(whole.to_string())
}
