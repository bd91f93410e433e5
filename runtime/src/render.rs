//! Messages for people and models: values of a request as harmless, short text.
//!
//! What is rendered may come from an attacker. Nothing of it may start a new line, switch the direction of
//! writing, look like an end of the message, or flood it.

use crate::Value;
use crate::eval::Ev;

/// Characters of one interpolated value.
const VALUE: usize = 200;
/// Characters of a whole message.
const MESSAGE: usize = 2_000;
/// Elements of a list that are shown.
const ELEMENTS: usize = 10;

/// Appends `text`, escaped, at most `limit` characters of it.
pub(crate) fn escape(text: &str, limit: usize, out: &mut String) {
    for (i, c) in text.chars().enumerate() {
        if i == limit {
            out.push('…');
            return;
        }
        if c == '\\' || c.is_control() || is_invisible(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
}

/// Format characters, separators and the like: they change how the rest is shown, and show nothing themselves.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Appends what an interpolated expression came to.
pub(crate) fn render(value: &Ev<'_>, out: &mut String) {
    match value {
        Ev::Known(value) => render_value(value.get(), VALUE, out),
        Ev::Partial(items) => {
            render_items(items, VALUE, out);
            out.push_str(if items.is_empty() { "(unknown)" } else { ", (unknown)" });
        }
        Ev::Interval(low, None) => out.push_str(&format!("at least {low}")),
        Ev::Interval(low, Some(high)) => out.push_str(&format!("{low} to {high}")),
        Ev::Literal(_) | Ev::Absent | Ev::Unknown => out.push_str("(unknown)"),
    }
}

/// Cuts a message that grew too long.
pub(crate) fn finish(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    message
}

fn render_items(items: &[Value], limit: usize, out: &mut String) {
    let mut left = limit;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if i == ELEMENTS || left == 0 {
            out.push('…');
            return;
        }
        let before = out.len();
        render_value(item, left, out);
        left = left.saturating_sub(out.len().saturating_sub(before));
    }
}

fn render_value(value: &Value, limit: usize, out: &mut String) {
    match value {
        Value::Str(text) => escape(text, limit, out),
        Value::Secret(_) => out.push_str("(secret)"),
        Value::Bytes(bytes) => out.push_str(&format!("({} bytes)", bytes.len())),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(n) => out.push_str(&n.to_string()),
        Value::Decimal(d) => escape(&d.to_string(), limit, out),
        Value::Duration(d) => out.push_str(&d.to_string()),
        Value::Time(t) => out.push_str(&t.to_string()),
        Value::Date(d) => out.push_str(&d.to_string()),
        Value::Json(json) => escape(&json.canonical(), limit, out),
        Value::Email(e) => escape(&e.to_string(), limit, out),
        Value::Host(h) => escape(&h.to_string(), limit, out),
        Value::Url(u) => escape(u.as_str(), limit, out),
        Value::Ip(ip) => out.push_str(&ip.to_string()),
        Value::IpNet(net) => out.push_str(&net.to_string()),
        Value::Path(p) => escape(p.as_str(), limit, out),
        Value::Command(c) => escape(c.text(), limit, out),
        Value::Call(call) => escape(&call.shown(), limit, out),
        Value::Sql(s) => escape(s.text(), limit, out),
        Value::List(items) | Value::Set(items) => render_items(items, limit, out),
        Value::Record(fields) => {
            out.push('(');
            let mut first = true;
            for field in fields.iter().flatten() {
                if !std::mem::take(&mut first) {
                    out.push_str(", ");
                }
                render_value(field, limit / 4, out);
            }
            out.push(')');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Val;
    use proptest::prelude::*;

    fn shown(value: Value) -> String {
        let mut out = String::new();
        render(&Ev::Known(Val::Own(value)), &mut out);
        out
    }

    #[test]
    fn values() {
        assert_eq!(shown(Value::list(vec![Value::str("a"), Value::Int(2)])), "a, 2");
        assert_eq!(shown(Value::Secret(crate::Secret::new("hunter2"))), "(secret)");
        assert_eq!(shown(Value::str("x\ny\u{202e}z\\")), "x\\ny\\u{202e}z\\\\");
        assert_eq!(shown(Value::str("é🦀")), "é🦀");
        assert!(shown(Value::str("a".repeat(1000))).chars().count() <= VALUE + 1);
        assert!(shown(Value::list(vec![Value::str("a".repeat(150)); 1000])).chars().count() <= 2 * VALUE);
    }

    proptest! {
        #[test]
        fn nothing_invisible_comes_through(text in ".*|[\\u{200b}-\\u{2070}]*") {
            prop_assert!(!shown(Value::str(text)).chars().any(|c| c.is_control() || is_invisible(c)));
        }
    }
}
