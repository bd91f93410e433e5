//! Whether a URI may come from a URI template ([RFC 6570](https://www.rfc-editor.org/rfc/rfc6570)): enough to find out
//! which server a URI belongs to. What the URI then gives is that server's business, and whether it is read the policy's.

/// So many expressions in a template are looked at.
const EXPRESSIONS: usize = 32;
/// A URI that is longer fits nothing.
const LONGEST: usize = 16 * 1024;

/// Whether a URI fits a template. An expression takes any text; one without an operator takes no `/`.
pub(super) fn fits(template: &str, uri: &str) -> bool {
    let Some(parts) = parts(template).filter(|_| uri.len() <= LONGEST) else { return false };
    // Where in the URI the parts so far may end, in ascending order.
    let mut ends = vec![0];
    for part in parts {
        ends = match part {
            Part::Text(text) => ends
                .into_iter()
                .filter(|end| uri.get(*end..).is_some_and(|rest| rest.starts_with(text)))
                .map(|end| end.saturating_add(text.len()))
                .collect(),
            Part::Expression { slashes } => reached(uri, &ends, slashes),
        };
        if ends.is_empty() {
            return false;
        }
    }
    ends.contains(&uri.len())
}

/// Where an expression may end that begins at one of these places.
fn reached(uri: &str, starts: &[usize], slashes: bool) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut inside = false;
    for at in 0..=uri.len() {
        inside |= starts.binary_search(&at).is_ok();
        if inside {
            ends.push(at);
        }
        if !slashes && uri.as_bytes().get(at) == Some(&b'/') {
            inside = false;
        }
    }
    ends
}

enum Part<'a> {
    Text(&'a str),
    Expression { slashes: bool },
}

fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let (expression, after) = after.split_once('}')?;
        parts.push(Part::Text(text));
        let slashes = expression.starts_with(['+', '#', '/', '?', '&', '.', ';']) || expression.ends_with('*');
        parts.push(Part::Expression { slashes });
        rest = after;
    }
    parts.push(Part::Text(rest));
    (parts.len() <= EXPRESSIONS.saturating_mul(2)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_uri_fits_the_templates_it_may_come_from() {
        assert!(fits("file:///{name}", "file:///a.txt"));
        assert!(!fits("file:///{name}", "file:///a/b.txt"));
        assert!(fits("file:///{+path}", "file:///a/b.txt"));
        assert!(fits("db://{table}/{id}", "db://users/7"));
        assert!(!fits("db://{table}/{id}", "db://users/7/8"));
        assert!(fits("demo://text/{a}-{b}", "demo://text/1-2-3"));
        assert!(fits("plain://x", "plain://x"));
        assert!(!fits("plain://x", "plain://xy"));
        assert!(!fits("broken://{x", "broken://1"));
        assert!(!fits(&"{a}".repeat(100), "anything"));
        assert!(fits(&"{a}".repeat(20), &"x".repeat(10_000)));
        assert!(!fits("{a}", &"x".repeat(20_000)));
    }
}
