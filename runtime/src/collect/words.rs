//! Paths, URLs, hosts and e-mail addresses among the words of a shell command. Knows how they are written, not what programs do
//! with them.
//!
//! What is listed is there for certain. That there is nothing else is said only where each word is accounted for: a bare
//! word such as `db` may be a host, an option's attached value a proxy, and a configuration file anything.

use crate::call::{Call, Text};
use crate::{Collect, Command, Email, Host, PathValue, Tri, UrlValue, Value};

/// Wrappers that run the rest here, and take no host.
const LOCAL: [&str; 15] = [
    "bash", "builtin", "command", "dash", "doas", "env", "exec", "ionice", "nice", "nohup", "setsid", "sh", "stdbuf",
    "sudo", "timeout",
];

/// Hands out what the command's words say; false if there may be more.
pub(super) fn inside(command: &Command, kind: Collect, out: &mut dyn FnMut(&Value)) -> bool {
    let calls = command.calls();
    calls.items.iter().fold(calls.complete && !command.opaque(), |complete, call| match call {
        Value::Call(call) => complete & in_call(call, kind, out),
        _ => false,
    })
}

fn in_call(call: &Call, kind: Collect, out: &mut dyn FnMut(&Value)) -> bool {
    let files = || call.reads.iter().chain(&call.writes);
    for text in call.args.iter().chain(files()) {
        match text.text() {
            Some(word) => pieces(word).for_each(|piece| named(piece, kind, call.network(), out)),
            None if kind == Collect::Hosts => begun(text, out),
            None => {}
        }
    }
    match kind {
        // What a relative word means depends on the directory it runs in.
        Collect::Paths => call.args.is_empty() && !call.more_args && files().next().is_none(),
        Collect::Urls | Collect::Hosts | Collect::Emails => reaches_nothing_else(call, kind),
        Collect::Commands => true,
    }
}

/// Does the call reach nothing but what is listed?
fn reaches_nothing_else(call: &Call, kind: Collect) -> bool {
    let words = || call.args.iter().chain(&call.reads).chain(&call.writes);
    if call.more_args || !call.wrappers.iter().all(|name| LOCAL.contains(&&**name)) {
        return false;
    }
    if words().any(|text| text.text().is_none()) {
        return false;
    }
    match call.network() {
        Tri::False => true,
        Tri::Unknown => false,
        Tri::True => {
            let mut found = false;
            let accounted = call.args.iter().filter_map(Text::text).all(|word| {
                let (option, value) = match word.split_once('=') {
                    Some((option, value)) if word.starts_with('-') => (option, Some(value)),
                    _ if word.starts_with('-') => (&**word, None),
                    _ => ("", Some(&**word)),
                };
                // Behind one letter its value may follow, or other letters.
                let option_alone = option.starts_with("--") || option.chars().count() <= 2;
                found |= value.is_some();
                option_alone && value.is_none_or(|value| read(value, kind).is_some())
            });
            accounted && found && call.env.is_empty()
        }
    }
}

/// The word, and what may be a value inside it: `--file=/x`, `-o/x`, `@/x`.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let value = word.split_once('=').filter(|(key, _)| name(key)).map(|(_, value)| value);
    let attached = word.strip_prefix('-').and_then(|rest| rest.get(1..)).filter(|rest| rest.starts_with('/'));
    let texts = [Some(word), value, attached].into_iter().flatten();
    texts.flat_map(|text| [Some(text), text.strip_prefix('@')].into_iter().flatten())
}

/// Hands out what one piece of a word is.
fn named(piece: &str, kind: Collect, network: Tri, out: &mut dyn FnMut(&Value)) {
    // To a program that stays off the network, `notes.txt` is a file.
    if kind != Collect::Hosts || network != Tri::False || is_address(piece) {
        read(piece, kind).iter().for_each(out);
    }
}

/// A piece of a word as what is looked for.
fn read(piece: &str, kind: Collect) -> Option<Value> {
    match kind {
        Collect::Paths if piece.starts_with('/') => {
            PathValue::unresolved(piece).ok().map(|path| Value::Path(path.into()))
        }
        Collect::Urls if piece.contains("://") => UrlValue::parse(piece).ok().map(|url| Value::Url(url.into())),
        Collect::Emails => Email::parse(piece).ok().map(|email| Value::Email(email.into())),
        Collect::Hosts => host_of(piece).map(Value::Host),
        _ => None,
    }
}

/// Does it name a host whatever the program is?
fn is_address(piece: &str) -> bool {
    piece.contains("://") || piece.contains('@') || piece.starts_with("/dev/tcp/") || piece.starts_with("/dev/udp/")
}

/// The host of a URL, of `user@host:path`, `host:port`, `host.name/path`, `/dev/tcp/host/port`, or the host itself. A name needs a dot.
fn host_of(piece: &str) -> Option<Host> {
    let socket = piece.strip_prefix("/dev/tcp/").or_else(|| piece.strip_prefix("/dev/udp/"));
    if let Some(rest) = socket {
        return Host::parse(rest.split('/').next()?).ok();
    }
    if let Ok(ip) = piece.parse() {
        return Some(Host::from_ip(ip));
    }
    let (schemed, rest) = piece.split_once("://").map_or((false, piece), |(_, rest)| (true, rest));
    let authority = rest.split(['/', '?', '#']).next()?;
    let after_user = authority.rsplit('@').next()?;
    let host = match after_user.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => after_user.split(':').next()?,
    };
    (schemed || after_user.starts_with('[') || host.contains('.')).then(|| Host::parse(host).ok()).flatten()
}

/// `https://host/$x`: the host is known all the same.
fn begun(text: &Text, out: &mut dyn FnMut(&Value)) {
    let ended = text.prefix.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if let Some(host) = host_of(&text.prefix).filter(|_| ended) {
        out(&Value::Host(host));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::options::Answers;
    use std::sync::Arc;

    /// A call of `curl` or any other program that the caller says talks to the network, or not.
    fn call(words: &[&str], network: Tri) -> Call {
        let (program, args) = words.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        let call = Call {
            program: Text::known(program),
            args: args.iter().map(|word| Text::known(*word)).collect(),
            env: Vec::new(),
            wrappers: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            stdin_from: Vec::new(),
            code: None,
            connects: false,
            more_args: false,
            answers: Answers::default(),
        };
        let _ = call.answers.network.set(network);
        call
    }

    fn found(call: &Call, kind: Collect) -> (Vec<String>, bool) {
        let mut seen = Vec::new();
        let complete = in_call(call, kind, &mut |value| {
            let json = crate::value_to_json(value, &kind.element(), &crate::Schema::default());
            seen.push(json.canonical().replace('"', ""));
        });
        (seen, complete)
    }

    fn hosts(words: &[&str], network: Tri) -> (String, bool) {
        let (seen, complete) = found(&call(words, network), Collect::Hosts);
        (seen.join(" "), complete)
    }

    fn text(words: &str) -> String {
        words.to_owned()
    }

    #[test]
    fn hosts_in_all_spellings() {
        for (word, host) in [
            ("https://acme.com/x?y=z.org", "acme.com"),
            ("git@github.com:a/b.git", "github.com"),
            ("acme.com:8080", "acme.com"),
            ("ghcr.io/a/b:1", "ghcr.io"),
            ("10.0.0.1", "10.0.0.1"),
            ("[::1]:80", "::1"),
            ("--proxy=evil.example:3128", "evil.example"),
            ("eva@acme.com", "acme.com"),
            ("https://acme.com@evil.example/", "evil.example"),
        ] {
            assert_eq!(hosts(&["curl", word], Tri::True).0, host, "{word}");
        }
        for word in ["db", "./a.txt", "../b", "-L", "."] {
            assert_eq!(hosts(&["curl", word], Tri::True).0, "", "{word}");
        }
    }

    #[test]
    fn hosts_are_all_only_where_every_word_is_accounted_for() {
        assert_eq!(hosts(&["curl", "-s", "-L", "https://acme.com/x"], Tri::True), (text("acme.com"), true));
        for more in ["db", "-xproxy", "--proxy=db", "-sL", "80", "@file"] {
            assert!(!hosts(&["curl", "https://acme.com/", more], Tri::True).1, "{more}");
        }
        assert!(!hosts(&["npm", "--verbose"], Tri::True).1);
        assert_eq!(hosts(&["cat", "notes.txt"], Tri::False), (text(""), true));
        assert_eq!(hosts(&["thing", "notes.txt"], Tri::Unknown), (text("notes.txt"), false));
        let wrapped = Call { wrappers: vec!["ssh".into()], ..call(&["ls"], Tri::False) };
        assert_eq!(found(&wrapped, Collect::Hosts), (vec![], false));
        let socket = Call { writes: vec![Text::known("/dev/tcp/evil.example/80")], ..call(&["echo"], Tri::True) };
        assert_eq!(found(&socket, Collect::Hosts), (vec![text("evil.example")], false));
    }

    #[test]
    fn the_host_before_an_unknown_part() {
        let part = |prefix: &str| Text {
            prefix: prefix.into(),
            suffix: Some(Arc::from("")),
            splits: false,
            pattern: None,
            shown: prefix.into(),
        };
        for (prefix, host) in
            [("https://evil.example/", "evil.example"), ("https://evil.example", ""), ("evil.example/", "")]
        {
            let call = Call { args: vec![part(prefix)], ..call(&["curl"], Tri::True) };
            assert_eq!(found(&call, Collect::Hosts), (if host.is_empty() { vec![] } else { vec![text(host)] }, false));
        }
    }

    #[test]
    fn paths_and_addresses() {
        let cp =
            call(&["cp", "/etc/../etc/passwd", "-t/srv", "--x=/a", "-d", "@/b", "rel", "eva@acme.com"], Tri::False);
        assert_eq!(found(&cp, Collect::Paths), (["/etc/passwd", "/srv", "/a", "/b"].map(text).into(), false));
        assert_eq!(found(&cp, Collect::Emails), (vec![text("eva@acme.com")], true));
        assert_eq!(found(&call(&["ls"], Tri::False), Collect::Paths), (vec![], true));
        let get = call(&["curl", "https://acme.com/a", "-o=ftp://b.org/c"], Tri::True);
        assert_eq!(found(&get, Collect::Urls), (["https://acme.com/a", "ftp://b.org/c"].map(text).into(), true));
        assert_eq!(found(&call(&["curl", "acme.com"], Tri::True), Collect::Urls), (vec![], false));
    }
}
