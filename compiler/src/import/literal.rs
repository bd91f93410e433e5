//! Defaults of a schema as claw literals.

use claw_runtime::{Decimal, Json, Time, Type, parse_text};

use super::{OwnType, Shape, Ty, text};

/// The literal for `value`, if the type has one.
///
/// Objects have none, and a secret is never written into a policy.
pub(super) fn literal(value: &Json, ty: &Ty, types: &[OwnType]) -> Option<String> {
    match (value, ty) {
        (Json::Arr(items), Ty::List(element)) => {
            let items: Option<Vec<String>> = items.iter().map(|item| literal(item, element, types)).collect();
            items.map(|items| format!("[{}]", items.join(", ")))
        }
        (Json::Str(word), Ty::Own(own)) => match types.get(*own).map(|t| &t.shape) {
            Some(Shape::Enum(values)) => values.iter().any(|v| **v == **word).then(|| text::variant(word)),
            _ => None,
        },
        (Json::Bool(value), Ty::Word("bool")) => Some(value.to_string()),
        (Json::Num(number), Ty::Word("int")) => number.parse::<i64>().ok().map(|n| n.to_string()),
        (Json::Num(number), Ty::Word("decimal")) => {
            let text = Decimal::parse(number).ok()?.to_string();
            Some(if text.contains('.') { text } else { format!("{text}.0") })
        }
        (Json::Str(text), Ty::Word(word)) => from_string(text, word),
        _ => None,
    }
}

fn from_string(value: &str, word: &str) -> Option<String> {
    let ty = match word {
        "string" => return Some(text::string(value)),
        "time" => return Time::parse(value).ok().map(|time| time.to_string()),
        "date" => return parse_text(value, &Type::Date).ok().map(|_| value.to_owned()),
        "email" => Type::Email,
        "host" => Type::Host,
        "url" => Type::Url,
        "ip" => Type::Ip,
        "bytes" => Type::Bytes,
        _ => return None,
    };
    parse_text(value, &ty).ok().map(|_| text::string(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        let types = [OwnType { name: "E".into(), shape: Shape::Enum(vec!["low".into(), "very high".into()]) }];
        let show = |json: &str, ty: Ty| {
            let json = Json::parse(json.as_bytes(), &claw_runtime::Limits::default()).expect("JSON");
            literal(&json, &ty, &types)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(show("1e2", Ty::Word("int")), some("100"));
        assert_eq!(show("1.5", Ty::Word("int")), None);
        assert_eq!(show("-3", Ty::Word("decimal")), some("-3.0"));
        assert_eq!(show("\"a\\\"b\"", Ty::Word("string")), some("\"a\\\"b\""));
        assert_eq!(show("\"not one\"", Ty::Word("url")), None);
        assert_eq!(show("\"x\"", Ty::Word("secret")), None);
        assert_eq!(show("\"2026-02-30\"", Ty::Word("date")), None);
        assert_eq!(show("\"2026-03-02\"", Ty::Word("date")), some("2026-03-02"));
        assert_eq!(show("\"very high\"", Ty::Own(0)), some("\"very high\""));
        assert_eq!(show("\"lower\"", Ty::Own(0)), None);
        assert_eq!(show("[\"low\", \"low\"]", Ty::List(Box::new(Ty::Own(0)))), some("[low, low]"));
        assert_eq!(show("[]", Ty::List(Box::new(Ty::Word("json")))), some("[]"));
        assert_eq!(show("{}", Ty::Word("json")), None);
    }
}
