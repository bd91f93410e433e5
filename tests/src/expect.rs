//! Does a decision say at least what was expected of it?

use serde_json::Value;

/// Where `got` lacks something that `want` has: a path and both values. `None` if it lacks nothing.
///
/// Objects may have further members. Lists of objects may have further elements, unless none was wanted; other
/// lists are equal. A wanted `null` may be missing. Numbers are compared by value.
pub fn lacks(want: &Value, got: &Value) -> Option<String> {
    at("", want, got)
}

fn at(path: &str, want: &Value, got: &Value) -> Option<String> {
    let differ = || Some(format!("{}: wanted {want}, got {got}", if path.is_empty() { "the decision" } else { path }));
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => want
            .iter()
            .find_map(|(key, value)| at(&format!("{path}/{key}"), value, got.get(key).unwrap_or(&Value::Null))),
        (Value::Array(want), Value::Array(got)) if want.iter().any(Value::is_object) => {
            let missing = want.iter().find(|w| got.iter().all(|g| lacks(w, g).is_some()))?;
            Some(format!("{path}: wanted {missing}, got {}", Value::Array(got.clone())))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ if want == got => None,
        _ => differ(),
    }
}

#[cfg(test)]
mod tests {
    use super::lacks;
    use serde_json::json;

    #[test]
    fn parts_are_enough_where_they_are_objects() {
        let got = json!({ "a": 1, "b": [{ "x": 1, "y": 2 }, { "x": 2 }], "c": ["p", "q"], "d": [] });
        for want in [
            json!({ "a": 1.0 }),
            json!({ "b": [{ "x": 2 }] }),
            json!({ "c": ["p", "q"], "z": null }),
            json!({ "d": [] }),
        ] {
            assert_eq!(lacks(&want, &got), None);
        }
        for want in [
            json!({ "a": 2 }),
            json!({ "b": [{ "x": 3 }] }),
            json!({ "b": [] }),
            json!({ "c": ["p"] }),
            json!({ "z": 1 }),
        ] {
            assert!(lacks(&want, &got).is_some(), "{want}");
        }
    }
}
