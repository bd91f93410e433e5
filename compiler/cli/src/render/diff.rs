//! Differences between policies: for reading, for programs, for a comment on a pull request.

use std::fmt::Write as _;

use claw_compiler::proof::diff::{Aspect, Class, Clause, Diff, Direction, Shown};
use claw_runtime::Decision;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Paint;
use crate::project::Project;
use crate::render::json::pretty;
use crate::render::text::{count, visible};

/// What the two policies are called.
#[derive(Debug)]
pub struct Names<'n> {
    /// As on the command line.
    pub old: &'n str,
    pub new: &'n str,
    pub old_project: &'n Project,
    pub new_project: &'n Project,
}

impl Names<'_> {
    /// A clause's place in one of the policies.
    fn place(&self, old: bool, file: &str, line: u32) -> String {
        let project = if old { self.old_project } else { self.new_project };
        format!("{}:{line}", project.show(file))
    }
}

/// Draws a difference for people.
pub fn human(diff: &Diff, names: &Names<'_>, paint: Paint) -> String {
    if diff.is_empty() {
        return format!("{}  every call is decided as before\n", paint.green_bold("no difference"));
    }
    let mut text = String::new();
    for direction in [Direction::Loosened, Direction::Tightened] {
        for class in diff.classes.iter().filter(|class| class.direction == direction) {
            human_class(&mut text, class, names, paint);
        }
        for change in diff.changes.iter().filter(|change| change.direction == Some(direction)) {
            let _ = writeln!(text, "{}  {}", head(direction, paint), visible(&change.text));
            if let Some(example) = &change.example {
                human_example(&mut text, example, paint);
            }
        }
    }
    for doubt in &diff.doubts {
        let what = visible(&unknown(doubt.direction, &doubt.tool, &doubt.because));
        let _ = writeln!(text, "{}  {what}", paint.yellow_bold("unknown"));
    }
    for change in diff.changes.iter().filter(|change| change.direction.is_none()) {
        let _ = writeln!(text, "{}  {}", paint.cyan("changed"), visible(&change.text));
    }
    let _ = writeln!(text, "\n{}", summary(diff));
    text
}

fn head(direction: Direction, paint: Paint) -> String {
    match direction {
        Direction::Loosened => paint.red_bold("loosened"),
        Direction::Tightened => paint.green_bold("tightened"),
    }
}

fn unknown(direction: Direction, tool: &str, because: &[String]) -> String {
    let word = direction.word();
    if because.is_empty() {
        return format!("{tool}: more is {word} than is listed here");
    }
    format!("{tool}: whether more is {word} can't be told, because of {}", because.join("; "))
}

/// `send_email, exec in prod`
fn subject(class: &Class) -> String {
    let mut text = class.tools.join(", ");
    if !class.environments.is_empty() {
        let _ = write!(text, " in {}", class.environments.join(", "));
    }
    text
}

fn human_class(text: &mut String, class: &Class, names: &Names<'_>, paint: Paint) {
    let (from, to) = (visible(&class.from), visible(&class.to));
    let arrow = format!("{from} → {to}");
    let _ = writeln!(text, "{}  {}: {}", head(class.direction, paint), visible(&subject(class)), paint.bold(&arrow));
    for (at, when) in class.when.iter().enumerate() {
        let word = if at == 0 { "when" } else { "and" };
        let _ = writeln!(text, "  {}  {}", paint.cyan(&format!("{word:<8}")), visible(when));
    }
    human_example(text, &class.example, paint);
    for (old, clauses) in [(true, &class.old_clauses), (false, &class.new_clauses)] {
        for clause in clauses {
            let side = if old { "old" } else { "new" };
            let place = paint.dim(&visible(&names.place(old, &clause.file, clause.line)));
            let line = format!("{}  {}", visible(&clause.effect), visible(&clause.id));
            let _ = writeln!(text, "  {}  {line}  {place}", paint.cyan(&format!("{side:<8}")));
            if let Some((file, line)) = &clause.elsewhere {
                let place = visible(&names.place(!old, file, *line));
                let other = if old { "in the new policy" } else { "in the old policy" };
                let _ = writeln!(text, "            {}", paint.dim(&format!("{other} at {place}")));
            }
        }
    }
}

fn human_example(text: &mut String, example: &Shown, paint: Paint) {
    let label = |word: &str| paint.cyan(&format!("{word:<8}"));
    let _ = writeln!(text, "  {}  {}", label("example"), visible(&example.request.to_string()));
    for call in &example.past {
        let _ = writeln!(text, "            after {}", visible(&call.to_string()));
    }
    if example.earlier > 0 {
        let _ = writeln!(text, "            after {} like it", count(example.earlier, "call"));
    }
    let (old, new) = (reason(&example.old), reason(&example.new));
    let _ = writeln!(text, "            {}", visible(&format!("old: {old}; new: {new}")));
}

/// `deny (rule: no refunds above 100)`
fn reason(decision: &Decision) -> String {
    let outcome = match &decision.approvals[..] {
        [] => decision.outcome.code().to_owned(),
        asked => format!("require {}", asked.iter().map(|a| a.id.as_str()).collect::<Vec<_>>().join(", ")),
    };
    let messages = decision.applied.iter().filter(|applied| applied.effect.code() == "deny");
    let message = messages.filter_map(|applied| applied.message.as_deref()).next().or(decision.message.as_deref());
    match message {
        Some(message) => format!("{outcome} ({}: {message})", decision.reason.code()),
        None => format!("{outcome} ({})", decision.reason.code()),
    }
}

fn of(diff: &Diff, direction: Direction) -> usize {
    diff.classes.iter().filter(|class| class.direction == direction).count()
        + diff.changes.iter().filter(|change| change.direction == Some(direction)).count()
}

fn summary(diff: &Diff) -> String {
    let (loosened, tightened) = (of(diff, Direction::Loosened), of(diff, Direction::Tightened));
    let mut text = format!("{loosened} loosened, {tightened} tightened");
    if !diff.doubts.is_empty() {
        let _ = write!(text, ", {} unknown", diff.doubts.len());
    }
    text
}

/// Draws a difference as Markdown.
pub fn markdown(diff: &Diff, names: &Names<'_>) -> String {
    let mut text = format!("## Policy: {}\n\n`{}` → `{}`\n", summary(diff), names.old, names.new);
    if diff.is_empty() {
        text.push_str("\nEvery call is decided as before.\n");
        return text;
    }
    for (direction, title) in [(Direction::Loosened, "Loosened"), (Direction::Tightened, "Tightened")] {
        if of(diff, direction) == 0 {
            continue;
        }
        let _ = writeln!(text, "\n### {title}\n");
        for class in diff.classes.iter().filter(|class| class.direction == direction) {
            markdown_class(&mut text, class, names);
        }
        for change in diff.changes.iter().filter(|change| change.direction == Some(direction)) {
            let _ = writeln!(text, "- {}", escaped(&change.text));
        }
    }
    if !diff.doubts.is_empty() {
        text.push_str("\n### Unknown\n\n");
        for doubt in &diff.doubts {
            let _ = writeln!(text, "- {}", escaped(&unknown(doubt.direction, &doubt.tool, &doubt.because)));
        }
    }
    let others: Vec<_> = diff.changes.iter().filter(|change| change.direction.is_none()).collect();
    if !others.is_empty() {
        text.push_str("\n### Other changes\n\n");
        for change in others {
            let _ = writeln!(text, "- {}", escaped(&change.text));
        }
    }
    text
}

fn markdown_class(text: &mut String, class: &Class, names: &Names<'_>) {
    let _ = write!(text, "- **{}**: {} → {}", escaped(&subject(class)), escaped(&class.from), escaped(&class.to));
    if !class.when.is_empty() {
        let when: Vec<String> = class.when.iter().map(|when| code(when)).collect();
        let _ = write!(text, "<br>when {}", when.join(" and "));
    }
    for (old, clauses) in [(true, &class.old_clauses), (false, &class.new_clauses)] {
        for clause in clauses {
            let side = if old { "old" } else { "new" };
            let (effect, id) = (escaped(&clause.effect), code(&clause.id));
            let _ = write!(text, "<br>{side}: {effect} {id} ({})", code(&names.place(old, &clause.file, clause.line)));
        }
    }
    let example = &class.example;
    let request = example.request.to_string();
    let after = match (example.past.len(), example.earlier) {
        (0, 0) => String::new(),
        (past, 0) => format!(" after {}", count(past, "call")),
        (_, earlier) => format!(" after {} like it", count(earlier, "call")),
    };
    let past: Vec<String> = example.past.iter().map(ToString::to_string).collect();
    let request = past.into_iter().chain([request]).collect::<Vec<_>>().join("\n  ");
    let fence = "`".repeat(longest(&request, '`').max(2) + 1);
    let _ = write!(
        text,
        "\n  <details><summary>An example{after}: {} → {}</summary>\n\n  {fence}json\n  {}\n  {fence}\n  </details>\n",
        escaped(&reason(&example.old)),
        escaped(&reason(&example.new)),
        request.lines().map(visible).collect::<Vec<_>>().join("\n"),
    );
}

/// Text in which Markdown and HTML see nothing special; what stands in backticks stays there.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in visible(text).replace('\n', " ").split('`').enumerate() {
        if at % 2 == 1 {
            out.push_str(&code(part));
            continue;
        }
        for c in part.chars() {
            if matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '@' | '&' | '!' | '~') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// Text as code, whatever is in it.
fn code(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    let fence = "`".repeat(longest(&text, '`') + 1);
    if fence.len() == 1 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
}

/// The longest run of a character.
fn longest(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[derive(Serialize)]
struct Report {
    old: String,
    new: String,
    loosened: usize,
    tightened: usize,
    unknown: usize,
    classes: Vec<JsonClass>,
    changes: Vec<JsonChange>,
    doubts: Vec<JsonDoubt>,
}

#[derive(Serialize)]
struct JsonClass {
    direction: &'static str,
    /// `outcome`, `constraint` or `label`.
    aspect: &'static str,
    tools: Vec<String>,
    /// Empty: all that both policies declare.
    environments: Vec<String>,
    when: Vec<String>,
    from: String,
    to: String,
    clauses: JsonSides<Vec<JsonClause>>,
    example: JsonExample,
}

#[derive(Serialize)]
struct JsonSides<T> {
    old: T,
    new: T,
}

#[derive(Serialize)]
struct JsonClause {
    id: String,
    effect: String,
    file: String,
    line: u32,
    message: Option<String>,
}

#[derive(Serialize)]
struct JsonExample {
    request: serde_json::Value,
    /// Calls that are made before, with success.
    past: Vec<serde_json::Value>,
    earlier: usize,
    decisions: JsonSides<serde_json::Value>,
}

#[derive(Serialize)]
struct JsonChange {
    direction: Option<&'static str>,
    text: String,
    example: Option<JsonExample>,
}

#[derive(Serialize)]
struct JsonDoubt {
    direction: &'static str,
    tool: String,
    because: Vec<String>,
}

/// Writes a difference for programs.
pub fn json(diff: &Diff, names: &Names<'_>) -> Result<String, Failure> {
    let class = |class: &Class| JsonClass {
        direction: class.direction.word(),
        aspect: match class.aspect {
            Aspect::Outcome => "outcome",
            Aspect::Constraint(_) => "constraint",
            Aspect::Label(_) => "label",
        },
        tools: class.tools.clone(),
        environments: class.environments.clone(),
        when: class.when.clone(),
        from: class.from.clone(),
        to: class.to.clone(),
        clauses: JsonSides {
            old: clauses(&class.old_clauses, names.old_project),
            new: clauses(&class.new_clauses, names.new_project),
        },
        example: example(&class.example),
    };
    pretty(&Report {
        old: names.old.to_owned(),
        new: names.new.to_owned(),
        loosened: of(diff, Direction::Loosened),
        tightened: of(diff, Direction::Tightened),
        unknown: diff.doubts.len(),
        classes: diff.classes.iter().map(class).collect(),
        changes: diff
            .changes
            .iter()
            .map(|change| JsonChange {
                direction: change.direction.map(Direction::word),
                text: change.text.clone(),
                example: change.example.as_deref().map(example),
            })
            .collect(),
        doubts: diff
            .doubts
            .iter()
            .map(|doubt| JsonDoubt {
                direction: doubt.direction.word(),
                tool: doubt.tool.clone(),
                because: doubt.because.clone(),
            })
            .collect(),
    })
}

fn clauses(clauses: &[Clause], project: &Project) -> Vec<JsonClause> {
    let clause = |clause: &Clause| JsonClause {
        id: clause.id.clone(),
        effect: clause.effect.clone(),
        file: project.show(&clause.file),
        line: clause.line,
        message: clause.message.clone(),
    };
    clauses.iter().map(clause).collect()
}

fn example(shown: &Shown) -> JsonExample {
    JsonExample {
        request: (&shown.request).into(),
        past: shown.past.iter().map(Into::into).collect(),
        earlier: shown.earlier,
        decisions: JsonSides { old: (&shown.old.to_json()).into(), new: (&shown.new.to_json()).into() },
    }
}
