//! The names of a tenant's records. They are digests of what hosts call things, so that they are short and harmless
//! whatever a host uses as a name.

use claw_runtime::state::{PotKey, SessionScope};
use claw_runtime::{Digest, Time};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A session's counters.
    Session(Digest),
    /// A session's labels, and whom it inherits from. It is there exactly if the session is held.
    Labels(Digest),
    /// What a session knows of a query of history.
    Query(Digest, Digest),
    /// What it knows of one key of the query.
    Known(Digest, Digest, Digest),
    /// Which key of which query has this place in the order of a session's keys.
    Place(Digest, u32),
    /// A call that is allowed and not settled, with its session.
    Pending(Option<Digest>, Digest),
    /// A call that is settled.
    Settled(Digest),
    /// A pot of a limit.
    Pot(PotKey),
    /// A use of evidence.
    Evidence(Digest),
}

impl Key {
    /// The session that the record lives and goes with.
    pub(super) fn session(&self) -> Option<Digest> {
        match *self {
            Key::Session(session)
            | Key::Labels(session)
            | Key::Query(session, _)
            | Key::Known(session, _, _)
            | Key::Place(session, _) => Some(session),
            Key::Pending(session, _) => session,
            Key::Settled(_) | Key::Pot(_) | Key::Evidence(_) => None,
        }
    }

    /// One letter for the kind of record.
    pub(super) fn letter(&self) -> u8 {
        match self {
            Key::Session(_) => b's',
            Key::Labels(_) => b'l',
            Key::Query(..) => b'q',
            Key::Known(..) => b'k',
            Key::Place(..) => b'o',
            Key::Pending(..) => b'c',
            Key::Settled(_) => b'd',
            Key::Pot(_) => b'p',
            Key::Evidence(_) => b'e',
        }
    }

    /// The rest of the name, without session and letter.
    pub(super) fn rest(&self) -> Vec<u8> {
        match self {
            Key::Session(_) | Key::Labels(_) => Vec::new(),
            Key::Query(_, query) => query.0.to_vec(),
            Key::Known(_, query, key) => [query.0, key.0].concat(),
            Key::Place(_, place) => place.to_be_bytes().to_vec(),
            Key::Pending(_, name) | Key::Settled(name) | Key::Pot(PotKey(name)) | Key::Evidence(name) => {
                name.0.to_vec()
            }
        }
    }

    /// The whole name: session, letter and rest.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = self.session().map_or_else(Vec::new, |session| session.0.to_vec());
        out.push(self.letter());
        out.extend(self.rest());
        out
    }
}

/// Whose records a step reads and writes within its tenant.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) session: Option<Digest>,
    pub(super) parent: Option<Digest>,
}

impl Scope {
    pub(super) fn new(scope: &SessionScope<'_>) -> Scope {
        Scope { session: scope.session.map(session), parent: scope.parent_session.map(session) }
    }

    /// Names a call of the session.
    pub(super) fn call(&self, id: &str) -> Digest {
        match &self.session {
            Some(session) => fields("claw call", &[&session.0, id.as_bytes()]),
            None => fields("claw call without session", &[id.as_bytes()]),
        }
    }
}

fn session(name: &str) -> Digest {
    fields("claw session", &[name.as_bytes()])
}

/// A digest over fields, each preceded by its length, so that no two lists of fields collide.
fn fields(domain: &str, fields: &[&[u8]]) -> Digest {
    let mut bytes = Vec::new();
    for field in std::iter::once(&domain.as_bytes()).chain(fields) {
        bytes.extend((field.len() as u64).to_le_bytes());
        bytes.extend(*field);
    }
    Digest::of(&bytes)
}

/// A change of one record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub(super) key: Key,
    /// `None` removes it.
    pub(super) value: Option<Vec<u8>>,
    /// The time that says how long it is worth keeping: of a pot when it runs empty, of evidence when it expires, of a
    /// settled or pending call when it began.
    pub(super) at: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let scope = |session, parent_session| Scope::new(&SessionScope { tenant: None, session, parent_session });
        let calls = [
            scope(None, None).call("a"),
            scope(None, None).call(""),
            scope(Some(""), None).call("a"),
            scope(Some("a"), None).call(""),
            scope(Some("s"), None).call("a"),
        ];
        let [a, b] = [Digest::of(b"a"), Digest::of(b"b")];
        let mut names: Vec<_> = calls.iter().map(|call| Key::Settled(*call).bytes()).collect();
        names.extend(
            [
                Key::Session(a),
                Key::Labels(a),
                Key::Query(a, b),
                Key::Known(a, b, b),
                Key::Place(a, 0),
                Key::Place(a, 1),
                Key::Pending(Some(a), b),
                Key::Pending(None, b),
                Key::Pot(PotKey(b)),
                Key::Evidence(b),
            ]
            .iter()
            .map(Key::bytes),
        );
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
