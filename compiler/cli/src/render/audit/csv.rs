//! Records as comma-separated values: RFC 4180, and harmless in spreadsheets.

use claw_engine::audit::{Event, Record};

use crate::commands::audit::Facts;

const COLUMNS: [&str; 21] = [
    "seq",
    "time",
    "event",
    "tenant",
    "session",
    "call_id",
    "agent",
    "user",
    "environment",
    "server",
    "tool",
    "decision",
    "reason",
    "tier",
    "clauses",
    "approvals",
    "message",
    "args",
    "request_digest",
    "policy_digest",
    "hash",
];

/// The first line.
pub fn heading() -> String {
    line(COLUMNS.iter().map(|column| (*column).to_owned()))
}

/// The line of a record.
pub fn row(record: &Record, facts: &Facts<'_>) -> String {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let args = match &record.event {
        Event::Decision(event) if event.args_omitted.is_none() => event.args.0.to_string(),
        _ => String::new(),
    };
    line([
        record.seq.to_string(),
        record.time.map(|time| time.to_string()).unwrap_or_default(),
        facts.event.to_owned(),
        text(facts.tenant),
        text(facts.session),
        text(facts.call),
        facts.agents.join(" < "),
        text(facts.user),
        text(facts.environment),
        text(facts.server),
        text(facts.tool),
        text(facts.decision),
        text(facts.reason),
        text(facts.tier),
        facts.clauses.join("; "),
        facts.approvals.join("; "),
        text(facts.message),
        args,
        facts.request.map(ToString::to_string).unwrap_or_default(),
        facts.policy.map(ToString::to_string).unwrap_or_default(),
        record.hash.to_string(),
    ])
}

fn line(fields: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|field| escaped(&field)).collect();
    format!("{}\r\n", fields.join(","))
}

/// A field as it stands in a line. Spreadsheets run what begins like a formula, whether it is quoted or not; an
/// apostrophe before it makes it a text.
fn escaped(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let field = if formula { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\r', '\n', ';', '\'']) || field.starts_with(' ') {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        for (field, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
        ] {
            assert_eq!(escaped(field), expected);
        }
    }
}
