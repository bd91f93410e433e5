//! Line differences between two texts, for `clawc fmt --check`.

/// Beyond this many changed lines the search gets slow; then everything between the first and the last
/// difference is shown as one change.
const MAX_CHANGES: usize = 1000;
const CONTEXT: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Keep,
    Remove,
    Add,
}

/// A unified diff, empty if the texts are equal. Lines come without colours, each with its `+`, `-` or ` `.
pub fn unified(name: &str, old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<_>, Vec<_>) = (split(old), split(new));
    let steps = edit_script(&old, &new);
    if steps.iter().all(|&step| step == Step::Keep) {
        return Vec::new();
    }
    let mut lines = vec![format!("--- {name}"), format!("+++ {name} (formatted)")];
    for hunk in hunks(&steps) {
        render_hunk(&steps, hunk, &old, &new, &mut lines);
    }
    lines
}

/// Lines; a missing line break at the end of the text makes the last line a different one.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Ranges of steps to be shown together: changes with their context.
fn hunks(steps: &[Step]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in steps.iter().enumerate().filter(|(_, step)| **step != Step::Keep) {
        let (from, to) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(steps.len()));
        match hunks.last_mut() {
            Some(last) if from <= last.end => last.end = to,
            _ => hunks.push(from..to),
        }
    }
    hunks
}

fn render_hunk(steps: &[Step], hunk: std::ops::Range<usize>, old: &[&str], new: &[&str], lines: &mut Vec<String>) {
    let count = |range: &[Step], other: Step| range.iter().filter(|&&step| step != other).count();
    let (before, inside) = (&steps[..hunk.start], &steps[hunk.clone()]);
    let (mut left, mut right) = (count(before, Step::Add), count(before, Step::Remove));
    lines.push(format!(
        "@@ -{},{} +{},{} @@",
        left + 1,
        count(inside, Step::Add),
        right + 1,
        count(inside, Step::Remove)
    ));
    for step in inside {
        let (mark, line) = match step {
            Step::Keep => (' ', old[left]),
            Step::Remove => ('-', old[left]),
            Step::Add => ('+', new[right]),
        };
        left += usize::from(*step != Step::Add);
        right += usize::from(*step != Step::Remove);
        lines.push(format!("{mark}{}", line.trim_end_matches(['\n', '\r'])));
        if !line.ends_with('\n') {
            lines.push("\\ no line break at the end of the file".to_owned());
        }
    }
}

/// The shortest edit script (Myers' greedy algorithm).
fn edit_script(old: &[&str], new: &[&str]) -> Vec<Step> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let old_middle = &old_rest[..old_rest.len() - suffix];
    let new_middle = &new_rest[..new_rest.len() - suffix];
    let mut steps = vec![Step::Keep; prefix];
    steps.extend(middle(old_middle, new_middle));
    steps.extend(std::iter::repeat_n(Step::Keep, suffix));
    steps
}

fn middle(old: &[&str], new: &[&str]) -> Vec<Step> {
    let most = (old.len() + new.len()).min(MAX_CHANGES);
    // reach[k + most]: how far into `old` the diagonal k (old index - new index) gets; one copy per round.
    let mut reach = vec![0usize; 2 * most + 2];
    let mut rounds = Vec::new();
    for changes in 0..=most {
        rounds.push(reach.clone());
        for diagonal in (-(changes as isize)..=changes as isize).step_by(2) {
            let at = (diagonal + most as isize) as usize;
            let mut x = if goes_down(&reach, diagonal, changes, most) { reach[at + 1] } else { reach[at - 1] + 1 };
            let mut y = (x as isize - diagonal) as usize;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
            }
            reach[at] = x;
            if x >= old.len() && y >= new.len() {
                return walk_back(&rounds, old.len(), new.len(), most);
            }
        }
    }
    let removed = std::iter::repeat_n(Step::Remove, old.len());
    removed.chain(std::iter::repeat_n(Step::Add, new.len())).collect()
}

/// Whether the best way onto this diagonal is to add a line (from the diagonal above).
fn goes_down(reach: &[usize], diagonal: isize, changes: usize, most: usize) -> bool {
    let at = (diagonal + most as isize) as usize;
    let edge = changes as isize;
    diagonal == -edge || (diagonal != edge && reach[at - 1] < reach[at + 1])
}

fn walk_back(rounds: &[Vec<usize>], old_len: usize, new_len: usize, most: usize) -> Vec<Step> {
    let (mut x, mut y) = (old_len, new_len);
    let mut steps = Vec::new();
    for (changes, reach) in rounds.iter().enumerate().rev() {
        let diagonal = x as isize - y as isize;
        let down = goes_down(reach, diagonal, changes, most);
        let from_diagonal = if down { diagonal + 1 } else { diagonal - 1 };
        let (from_x, from_y) = if changes == 0 {
            (0, 0)
        } else {
            let from_x = reach[(from_diagonal + most as isize) as usize];
            (from_x, (from_x as isize - from_diagonal) as usize)
        };
        let kept = (x - from_x).min(y - from_y);
        steps.extend(std::iter::repeat_n(Step::Keep, kept));
        if changes > 0 {
            steps.push(if down { Step::Add } else { Step::Remove });
        }
        (x, y) = (from_x, from_y);
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applying the script to the old text gives the new one.
    fn apply(old: &[&str], new: &[&str]) -> (Vec<String>, usize) {
        let steps = edit_script(old, new);
        let (mut left, mut right, mut result) = (0, 0, Vec::new());
        for step in &steps {
            match step {
                Step::Keep => {
                    assert_eq!(old[left], new[right]);
                    result.push(old[left].to_owned());
                    (left, right) = (left + 1, right + 1);
                }
                Step::Remove => left += 1,
                Step::Add => {
                    result.push(new[right].to_owned());
                    right += 1;
                }
            }
        }
        assert_eq!(left, old.len());
        (result, steps.iter().filter(|&&step| step != Step::Keep).count())
    }

    #[test]
    fn scripts_lead_from_old_to_new_and_are_short() {
        let cases: [(&str, &str, usize); 6] = [
            ("", "", 0),
            ("abc", "abc", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("abcabba", "cbabac", 5),
            ("axbxc", "abc", 2),
        ];
        for (old, new, changes) in cases {
            let (old, new): (Vec<_>, Vec<_>) = (
                old.split("").filter(|part| !part.is_empty()).collect(),
                new.split("").filter(|part| !part.is_empty()).collect(),
            );
            assert_eq!(
                apply(&old, &new),
                (new.iter().map(|&line| line.to_owned()).collect(), changes),
                "{old:?} {new:?}"
            );
        }
    }

    #[test]
    fn a_unified_diff_shows_context_and_a_missing_line_break() {
        let shown = unified("p.claw", "1\n2\n3\n4\n5\n6\n7\n8", "1\n2\n3\n4\n5\nsix\n7\n8\n").join("\n");
        let expected = "--- p.claw\n+++ p.claw (formatted)\n@@ -3,6 +3,6 @@\n 3\n 4\n 5\n-6\n+six\n 7\n-8\n\
                        \\ no line break at the end of the file\n+8";
        assert_eq!(shown, expected);
    }
}
