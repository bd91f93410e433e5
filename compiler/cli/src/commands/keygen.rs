//! `clawc keygen`: a key pair that signs bundles.

use std::path::PathBuf;

use claw_engine::signing::{Cost, SecretKey};

use crate::failure::{Exit, Failure};
use crate::keys;
use crate::output::Output;

const AFTER_HELP: &str = "\
NAME.key is the secret key, readable by its owner only: it signs, and belongs on no gateway. NAME.pub is the public \
key that gateways verify with. Both are key files of minisign (https://jedisct1.github.io/minisign/).

The secret key is encrypted with the password in the first line of the file that --password-file names, or else \
with CLAW_KEY_PASSWORD. Opening it takes 1 GiB of memory and some seconds, so that passwords are hard to guess.

Exit status: 0 written, 2 wrong usage, or a file is there already.

Examples:
  CLAW_KEY_PASSWORD=… clawc keygen -o release
  clawc keygen -o ci --no-password
  clawc build main.claw -o policy.clawb --sign release.key";

/// Make a key pair for signing bundles
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// What to call the two files, without `.key` and `.pub`
    #[arg(short, long, value_name = "NAME", default_value = "claw")]
    output: PathBuf,
    /// Encrypt the secret key with the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "no_password")]
    password_file: Option<PathBuf>,
    /// Leave the secret key unencrypted
    #[arg(long)]
    no_password: bool,
    /// Replace keys that are there
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let failed = |error| Failure::new(format!("cannot make a key: {error}"));
    let (secret_path, public_path) = keys::pair(&args.output);
    if !args.force {
        // Asked again when they are written; here, before anybody waits for the encryption.
        for path in [&secret_path, &public_path] {
            keys::refuse_existing(path)?;
        }
    }
    let password = match args.no_password {
        true => None,
        false => Some(keys::required_password(args.password_file.as_deref())?),
    };
    let secret = SecretKey::generate().map_err(failed)?;
    let text =
        secret.to_text(password.as_ref().map(|password| (password.as_str(), Cost::SENSITIVE))).map_err(failed)?;
    let public = secret.public();
    keys::write_pair((&secret_path, &text), (&public_path, &public.to_file_text()), args.force)?;
    let how = if password.is_some() { "encrypted" } else { "not encrypted" };
    out.line(&format!("wrote {}, the secret key, {how}: keep it to yourself", secret_path.display()))?;
    out.line(&format!("wrote {}, the public key: {}", public_path.display(), public.to_base64()))?;
    Ok(Exit::Clean)
}
