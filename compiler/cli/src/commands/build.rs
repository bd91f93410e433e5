//! `clawc build`: a policy as one file that the runtime loads.

use std::path::{Path, PathBuf};

use claw_engine::policies::{bundle_comment, signature_path};
use claw_runtime::Policy;

use crate::failure::{Exit, Failure};
use crate::files;
use crate::keys;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render::text::count;

const AFTER_HELP: &str = "\
The same sources give the same bytes on every machine. The file is replaced at once: a reader sees the old bundle \
or the new one.

--sign writes FILE.minisig beside the bundle: a signature of minisign, whose trusted comment names the package and \
the digest. `clawc keygen` makes keys; the password of an encrypted one is CLAW_KEY_PASSWORD, or the first line of \
the file that --password-file names. `clawc inspect --verify` and `minisign -V` verify it.

Exit status: 0 built, 1 the policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc build policies/ -o policy.clawb
  clawc build main.claw -o policy.clawb --sign release.key
  clawc build main.claw -o - | sha256sum";

/// Compile a policy into a bundle
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The policy: a file or a directory
    path: PathBuf,
    /// Where to write the bundle; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Sign the bundle with this secret key
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// Where the key's password is
    #[arg(long, value_name = "FILE", requires = "sign")]
    password_file: Option<PathBuf>,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let root = files::root(&args.path)?;
    if args.output.extension().is_some_and(|extension| extension == "claw") {
        return Err(Failure::new(format!("`{}` has the ending of a policy in source form", args.output.display()))
            .help("bundles are called `….clawb`"));
    }
    let to_stdout = args.output == Path::new("-");
    if let (Some(key), true) = (&args.sign, to_stdout) {
        return Err(Failure::new(format!(
            "there is no place for the signature of `{}` on standard output",
            key.display()
        ))
        .help("name the bundle's file with `-o`, or sign it with minisign"));
    }
    let mut project = Project::open(&root)?;
    project.prove();
    let Some(bytes) = policy::compiled(&project, out)? else { return Ok(Exit::Findings) };
    if to_stdout {
        out.bytes(&bytes)?;
        return Ok(Exit::Clean);
    }
    let signed = match &args.sign {
        None => {
            files::write_atomically(&args.output, &bytes)?;
            String::new()
        }
        Some(key) => sign(args, key, &bytes)?,
    };
    let warnings = match project.counts().warnings {
        0 => String::new(),
        n => format!(" ({}; see `clawc check`)", count(n, "warning")),
    };
    out.line(&format!("built {}, {} bytes{warnings}{signed}", args.output.display(), bytes.len()))?;
    Ok(Exit::Clean)
}

/// Writes the bundle with its signature; returns what to say about it.
fn sign(args: &Args, key: &Path, bytes: &[u8]) -> Result<String, Failure> {
    let key = keys::secret(key, args.password_file.as_deref())?;
    let policy = Policy::from_bytes(bytes).map_err(|error| Failure::new(format!("cannot load the bundle: {error}")))?;
    let text = key
        .sign(bytes, &bundle_comment(&policy))
        .map_err(|error| Failure::new(format!("cannot sign the bundle: {error}")))?;
    let signature = signature_path(&args.output);
    // The signature first: no bundle comes into its place that is not signed.
    files::write_both_atomically((&signature, text.as_bytes()), (&args.output, bytes))?;
    Ok(format!("\nsigned {}, key {}", signature.display(), key.id()))
}
