//! Key files and their passwords, as the command line names them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use claw_engine::signing::{KeyError, MAX_TEXT, PublicKey, SecretKey, Zeroizing};

use crate::failure::Failure;
use crate::files;

/// Where a password is taken from if no file is named.
const VARIABLE: &str = "CLAW_KEY_PASSWORD";
/// What to do about a missing password.
const HOW: &str = "set CLAW_KEY_PASSWORD, or name a file with `--password-file`";

/// The password: the first line of the file, else the environment's, else none.
pub fn password(file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Failure> {
    let password = match file {
        Some(path) => {
            let text = Zeroizing::new(text(path)?);
            Some(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
        }
        None => match std::env::var(VARIABLE) {
            Ok(value) => Some(Zeroizing::new(value)),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(Failure::new(format!("the password in {VARIABLE} is not UTF-8")));
            }
        },
    };
    match (password, file) {
        (Some(empty), Some(path)) if empty.is_empty() => {
            Err(Failure::new(format!("there is no password in the first line of `{}`", path.display())))
        }
        // An empty variable is how scripts unset one.
        (Some(empty), None) if empty.is_empty() => Ok(None),
        (password, _) => Ok(password),
    }
}

/// The same, where there must be one.
pub fn required_password(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    password(file)?.ok_or_else(|| {
        Failure::new("there is no password to encrypt the secret key with")
            .help(format!("{HOW}; `--no-password` leaves the key unencrypted"))
    })
}

/// A secret key from its file.
pub fn secret(path: &Path, password_file: Option<&Path>) -> Result<SecretKey, Failure> {
    let text = Zeroizing::new(text(path)?);
    let key = match SecretKey::from_text(&text, None) {
        Err(KeyError::NeedsPassword) => {
            let password = password(password_file)?;
            SecretKey::from_text(&text, password.as_ref().map(|password| password.as_str()))
        }
        other => other,
    };
    key.map_err(|error| {
        let failure = Failure::new(format!("cannot use `{}`: {error}", path.display()));
        match error {
            KeyError::NeedsPassword => failure.help(HOW),
            KeyError::Malformed(_) if PublicKey::from_file_text(&text).is_ok() => {
                failure.help("this is the public key; signing takes the secret one, `….key`")
            }
            _ => failure,
        }
    })
}

/// A public key: a file, or the key itself as one word of base64.
pub fn public(argument: &str) -> Result<PublicKey, Failure> {
    let path = Path::new(argument);
    if !path.exists()
        && let Ok(key) = PublicKey::from_base64(argument)
    {
        return Ok(key);
    }
    let text = Zeroizing::new(text(path)?);
    PublicKey::from_file_text(&text).map_err(|error| {
        let failure = Failure::new(format!("cannot use `{argument}`: {error}"));
        if matches!(SecretKey::from_text(&text, None), Ok(_) | Err(KeyError::NeedsPassword)) {
            return failure.help("this is the secret key; verifying takes the public one, `….pub`");
        }
        failure
    })
}

fn text(path: &Path) -> Result<String, Failure> {
    let bytes = files::read_bytes(path, MAX_TEXT as u64)?;
    String::from_utf8(bytes).map_err(|_| Failure::new(format!("`{}` is not a text", path.display())))
}

/// Writes a new key pair: the secret half, which only its owner may read, first. Replaces nothing unless told to, and then
/// only once the new files are complete.
pub fn write_pair(secret: (&Path, &str), public: (&Path, &str), force: bool) -> Result<(), Failure> {
    if force {
        let beside = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
        };
        let temporary = (beside(secret.0), beside(public.0));
        create_pair((&temporary.0, secret.1), (&temporary.1, public.1))?;
        for (from, to) in [(&temporary.0, secret.0), (&temporary.1, public.0)] {
            fs::rename(from, to).map_err(|error| {
                let _ = (fs::remove_file(&temporary.0), fs::remove_file(&temporary.1));
                Failure::io("replace", to, &error)
            })?;
        }
        return Ok(());
    }
    create_pair(secret, public)
}

fn create_pair(secret: (&Path, &str), public: (&Path, &str)) -> Result<(), Failure> {
    create(secret.0, secret.1, true)?;
    create(public.0, public.1, false).inspect_err(|_| {
        // Half a pair would stand in the way of the next try.
        let _ = fs::remove_file(secret.0);
    })
}

/// Fails if there is such a file.
pub fn refuse_existing(path: &Path) -> Result<(), Failure> {
    // A link that leads nowhere is in the way, too.
    if fs::symlink_metadata(path).is_ok() { Err(exists(path)) } else { Ok(()) }
}

fn exists(path: &Path) -> Failure {
    Failure::new(format!("`{}` exists already", path.display()))
        .help("what it signed can't be signed by a new one; `--force` replaces it")
}

/// Creates a file that does not exist; one that was there stays as it is.
fn create(path: &Path, text: &str, private: bool) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let written = options.open(path).and_then(|mut file| {
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        if written.is_err() {
            let _ = fs::remove_file(path);
        }
        written
    });
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::io("write", path, &error),
    })
}

/// The two files of a pair.
pub fn pair(name: &Path) -> (PathBuf, PathBuf) {
    let with = |ending: &str| {
        let mut path = name.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    (with(".key"), with(".pub"))
}
