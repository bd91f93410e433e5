//! Explanations of one decision, for people and for programs.

use claw_compiler::proof::near::{Miss, Near};
use claw_compiler::proof::why::{About, Question, Step, Why};
use serde_json::{Value, json};

use super::decision;
use crate::output::Paint;
use crate::render::text::visible;

/// Draws an explanation. `show` turns a file of the policy into a path that the user can open.
pub fn human(why: &Why, stricter: bool, show: &dyn Fn(&str) -> String, paint: Paint) -> String {
    let mut text = decision::human(&why.decision, show, paint);
    let told: Vec<&Question> = why.questions.iter().filter(|question| is_told(question)).collect();
    if !told.is_empty() {
        text.push_str(&format!("\n{}\n", paint.bold("path")));
        told.into_iter().for_each(|question| text.push_str(&asked(question, paint)));
    }
    if !why.near.not_understood {
        text.push_str(&near(&why.near, why.decision.outcome.code(), stricter, paint));
    }
    text
}

/// What neither asked nor changed anything is left out.
fn is_told(question: &Question) -> bool {
    question.applies || !question.steps.is_empty() || matches!(question.about, About::Grant | About::Matrix)
}

fn asked(question: &Question, paint: Paint) -> String {
    let name = match &question.about {
        About::Grant => "granted?".to_owned(),
        About::Tier => "which tier?".to_owned(),
        About::Matrix => "matrix".to_owned(),
        About::Deny => "denied by a rule?".to_owned(),
        About::Approval(id) => format!("approval {id}?"),
        About::Mark(label) => format!("mark {label}?"),
        About::Constraint(name) => format!("constraint {name}?"),
        About::Limit(clause) => format!("limit {clause}?"),
    };
    let answer = visible(&question.answer);
    let answer = if question.applies { paint.bold(&answer) } else { answer };
    let mut text = format!("  {} {answer}\n", paint.cyan(&visible(&name)));
    question.steps.iter().for_each(|step| text.push_str(&tested(step, paint)));
    text
}

fn tested(step: &Step, paint: Paint) -> String {
    let answer = if step.answer == "unknown" { paint.yellow(&step.answer) } else { step.answer.clone() };
    let mut text = format!("    {} → {answer}\n", visible(&step.test));
    for seen in &step.seen {
        let line = match &seen.value {
            // It says so itself.
            Some(_) if seen.what == step.test => continue,
            Some(value) => format!("{} = {value}", seen.what),
            None => format!("{} is not given", seen.what),
        };
        text.push_str(&format!("      {}\n", paint.dim(&visible(&line))));
    }
    text
}

fn near(near: &Near, decision: &str, stricter: bool, paint: Paint) -> String {
    if near.misses.is_empty() && near.beyond.is_empty() && near.untold.is_empty() && !stricter && decision == "allow" {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint.bold("near misses"));
    for miss in &near.misses {
        text.push_str(&format!("  {}\n", sentence(miss, paint)));
    }
    let kind = if stricter { "stricter" } else { "less strict" };
    if !near.misses.iter().any(|miss| miss.changes.len() == 1) && near.is_complete() {
        text.push_str(&format!("  {}\n", paint.dim(&format!("no change of one part of the request makes it {kind}"))));
    }
    for said in &near.beyond {
        text.push_str(&format!("  {}\n", paint.dim(&format!("it may be {kind} if `{}`", visible(said)))));
    }
    for (part, why) in &near.untold {
        let why = why.join(", ");
        text.push_str(&format!(
            "  {}\n",
            paint.dim(&format!("whether another `{}` would do can't be told, because of {why}", visible(part)))
        ));
    }
    text
}

/// "would be allowed if …"
fn sentence(miss: &Miss, paint: Paint) -> String {
    let becomes = visible(&miss.becomes());
    let becomes = match miss.decision.as_str() {
        "allow" => paint.green(&becomes),
        "deny" => paint.red(&becomes),
        _ => paint.yellow(&becomes),
    };
    format!("{becomes} {}", visible(&miss.condition()))
}

/// The same as data.
pub fn json(why: &Why) -> String {
    let decision: Value = serde_json::from_str(&why.decision.to_string()).unwrap_or_default();
    let untold: Vec<Value> =
        why.near.untold.iter().map(|(part, why)| json!({ "part": part, "because": why })).collect();
    json!({
        "decision": decision,
        "path": why.questions,
        "near_misses": why.near.misses,
        "single_changes_complete": why.near.is_complete(),
        "beyond": why.near.beyond,
        "untold": untold,
    })
    .to_string()
}
