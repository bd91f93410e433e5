//! The canonical JSON of values, and digests over it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::{Json, Schema, Type, Value};

/// A SHA-256 digest, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of a JSON value's canonical text.
    #[must_use]
    pub fn of_json(json: &Json) -> Digest {
        Digest::of(json.canonical().as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one piece: a log writes a handful for each call.
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in self.0 {
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(digit.into(), 16));
            }
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = String;
    fn from_str(text: &str) -> Result<Digest, String> {
        let bad = || "a digest is `sha256:` and 64 hexadecimal digits".to_owned();
        let hex = text.strip_prefix("sha256:").ok_or_else(bad)?;
        if hex.len() != 64 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(bad());
        }
        let mut out = [0; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            let digits = hex.get(2 * i..2 * i + 2).ok_or_else(bad)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
        }
        Ok(Digest(out))
    }
}

/// A value as JSON in its canonical form: what is digested, shown to approvers and dispatched.
///
/// `ty` must be the value's type; it names the fields of records. A record with an unknown type is
/// written as an array.
#[must_use]
pub fn value_to_json(value: &Value, ty: &Type, schema: &Schema) -> Json {
    match value {
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) => Json::int(*n),
        Value::Decimal(d) => Json::Num(d.to_string().into()),
        Value::Str(s) => Json::Str(s.clone()),
        Value::Duration(d) => Json::str(d.to_string()),
        Value::Time(t) => Json::str(t.to_string()),
        Value::Date(d) => Json::str(d.to_string()),
        Value::Bytes(b) => Json::str(crate::base64::encode(b)),
        Value::Secret(s) => Json::Str(s.reveal().clone()),
        Value::Json(j) => (**j).clone(),
        Value::Email(e) => Json::str(e.to_string()),
        Value::Host(h) => Json::str(h.to_string()),
        Value::Url(u) => Json::Str(u.text().clone()),
        Value::Ip(ip) => Json::str(ip.to_string()),
        Value::IpNet(net) => Json::str(net.to_string()),
        Value::Path(p) => Json::Str(p.text().clone()),
        Value::Command(c) => Json::Str(c.text().clone()),
        Value::Call(call) => Json::str(call.shown()),
        Value::Sql(s) => Json::Str(s.text().clone()),
        Value::List(items) | Value::Set(items) => {
            let element = ty.element().unwrap_or(&Type::Error);
            Json::Arr(items.iter().map(|item| value_to_json(item, element, schema)).collect())
        }
        Value::Record(fields) => match ty {
            Type::Record(id) => {
                let declared = schema.record(*id).map(|r| r.fields.as_slice()).unwrap_or_default();
                fields_to_json(fields, declared, schema)
            }
            _ => Json::Arr(
                fields
                    .iter()
                    .map(|f| f.as_ref().map_or(Json::Null, |f| value_to_json(f, &Type::Error, schema)))
                    .collect(),
            ),
        },
    }
}

/// An object of the fields that are present, as for a call's `args`.
#[must_use]
pub fn fields_to_json(values: &[Option<Value>], fields: &[crate::Field], schema: &Schema) -> Json {
    let mut members: Vec<_> = fields
        .iter()
        .zip(values)
        .filter_map(|(field, value)| {
            Some((field.name.as_str().into(), value_to_json(value.as_ref()?, &field.ty, schema)))
        })
        .collect();
    members.sort_by(|(a, _): &(std::sync::Arc<str>, Json), (b, _)| crate::json::utf16_order(a, b));
    Json::Obj(members)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let odd = format!("sha256:éé{}", "0".repeat(60));
        let upper = digest.to_string().to_uppercase().replace("SHA", "sha");
        for text in ["", "sha256:", "md5:00", &upper, &odd] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
