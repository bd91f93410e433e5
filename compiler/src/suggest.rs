//! Did you mean: the declared word nearest to a misspelt one.

/// The candidate that `word` was probably meant to be. The first of several equally near ones, so callers pass
/// candidates in a fixed order.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let allowed = match folded.chars().count() {
        0 => return None,
        1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (distance(&folded, &fold(candidate), allowed), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the choice between `-`, `_` and `.` are no difference worth counting.
fn fold(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).map(|c| if c == '-' || c == '.' { '_' } else { c }).collect()
}

/// Edits from `a` to `b`: insertions, deletions, replacements and swaps of neighbours. Anything above `limit` is
/// `limit + 1`.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()].min(limit + 1)
}

/// `` `a`, `b` and 3 more ``: a list of words for a help line.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 6;
    let words: Vec<String> = words.into_iter().map(|w| format!("`{w}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) if words.len() <= SHOWN => format!("{} and {last}", rest.join(", ")),
        Some(_) => format!("{} and {} more", words[..SHOWN - 1].join(", "), words.len() - SHOWN + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let tools = ["send_email", "get_order", "jira.get_issue"];
        assert_eq!(nearest("send_emial", tools), Some("send_email"));
        assert_eq!(nearest("sendEmail", tools), Some("send_email"));
        assert_eq!(nearest("jira_get_issue", tools), Some("jira.get_issue"));
        assert_eq!(nearest("delete", tools), None);
        assert_eq!(nearest("", tools), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn lists_are_short() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(list(["a", "b", "c", "d", "e", "f", "g"]), "`a`, `b`, `c`, `d`, `e` and 2 more");
        assert_eq!(list([]), "");
    }
}
