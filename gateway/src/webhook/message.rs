//! What is told, as JSON, and its signature.

use claw_engine::ledger::{Asking, harmless};
use claw_runtime::{Digest, Json, Time};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::Url;

use crate::config::Secret;

/// Characters of a name.
const NAME: usize = 200;

/// What became of an asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Opened,
    Granted,
    Refused,
    Expired,
}

impl Event {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Event::Opened => "opened",
            Event::Granted => "granted",
            Event::Refused => "refused",
            Event::Expired => "expired",
        }
    }
}

/// A message, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The same for the same event of the same asking, whoever tells it and however often.
    pub(super) id: Digest,
    pub(super) event: Event,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// What there is to say. `page` is where people reach the gateway, if they do. Every text of the request in it is
    /// harmless, also as Markdown or HTML.
    pub(super) fn new(event: Event, asking: &Asking, at: Time, page: Option<&Url>) -> Message {
        let id = Digest::of(format!("claw webhook {} {}", event.code(), asking.id).as_bytes());
        let name = |name: Option<&str>| name.map_or(Json::Null, |name| Json::str(harmless(name, NAME)));
        let shown = |name: &str| {
            let line = asking.shown.call.iter().find(|line| line.name == name);
            line.map_or(Json::Null, |line| Json::str(line.text.trim_matches('"')))
        };
        let link = page.map(|page| format!("{}/approvals/{}", page.as_str().trim_end_matches('/'), asking.id));
        let Json::Obj(mut members) = asking.to_json(at) else { return Message { id, event, body: Vec::new() } };
        let more = [
            ("tenant", name(asking.ballot.tenant.as_deref())),
            ("tool", shown("tool")),
            ("agent", name(asking.ballot.agents.first().map(String::as_str))),
            ("user", name(asking.ballot.user.as_deref())),
            ("environment", shown("environment")),
            ("text", Json::str(asking.shown.to_text())),
            ("link", link.map_or(Json::Null, Json::str)),
        ];
        members.extend(more.into_iter().map(|(key, value)| (key.into(), value)));
        let message = [
            ("id", Json::str(id.to_string())),
            ("event", Json::str(event.code())),
            ("at", Json::str(at.to_string())),
            ("asking", Json::Obj(members)),
        ];
        let message = Json::Obj(message.into_iter().map(|(key, value)| (key.into(), value)).collect());
        Message { id, event, body: message.canonical().into_bytes() }
    }
}

/// The value of `X-Claw-Signature`: `t=SECONDS,v1=HEX`, where `HEX` is HMAC-SHA256 with the secret over the seconds since
/// 1970, a full stop and the body.
#[must_use]
pub fn signature(secret: &Secret, seconds: i64, body: &[u8]) -> String {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_others_compute() {
        // echo -n '1700000000.{"a":1}' | openssl dgst -sha256 -hmac s3cret
        let signed = signature(&Secret("s3cret".to_owned()), 1_700_000_000, br#"{"a":1}"#);
        assert_eq!(signed, "t=1700000000,v1=1698a50bc74d1ff1db85c4e0a5297c2ad9fdba245d5737cdb789e4cc6e098940");
    }
}
