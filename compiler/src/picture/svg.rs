//! Writes a picture as SVG: a card for each cluster, in columns, with a legend.
//!
//! The order of the steps is given, so nothing has to be laid out but rows: what a step asks stands left, what follows
//! if it applies stands right of it, and the way on leads down. Code is set in a fixed-width font, whose widths need no
//! measuring. Colour never tells anything alone: each outcome has a shape of its own.

mod card;
mod pen;

use super::words::wrap;
use super::{Outcome, Picture, Stage, View};
use card::{Card, WIDTH};
use pen::{Pen, STYLE};

const MARGIN: u32 = 24;
const GAP: u32 = 24;
/// A page about so much wider than high is easy to look at.
const ASPECT: f64 = 1.4;
const MAX_COLUMNS: usize = 6;
/// Of one entry of the legend.
const LEGEND: u32 = 366;

/// A complete document.
pub fn write(picture: &Picture) -> String {
    let cards: Vec<Card> = picture.clusters.iter().map(card::draw).collect();
    let plan = Plan::best(&cards);
    let width = 2 * MARGIN + plan.columns * WIDTH + (plan.columns - 1) * GAP;
    let mut pen = Pen::default();
    let mut y = MARGIN + 20;
    pen.text(MARGIN, y, "h1", &picture.title());
    y += 22;
    pen.text(MARGIN, y, "note", &subtitle(picture));
    y += 14;
    y = verdict(&mut pen, picture, y);
    y += 10;
    for (card, (column, top)) in cards.iter().zip(&plan.places) {
        pen.at(MARGIN + column * (WIDTH + GAP), y + top, &card.body);
    }
    y += plan.height + GAP;
    y = legend(&mut pen, y, width);
    let height = y + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         {STYLE}<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
        pen.out
    )
}

fn subtitle(picture: &Picture) -> String {
    let tools: usize = picture.clusters.iter().map(|cluster| cluster.tools.len()).sum();
    let steps = |stage| picture.clusters.iter().flat_map(|c| &c.steps).filter(move |s| s.stage == stage);
    let mut named: Vec<&str> =
        steps(Stage::Rule).chain(steps(Stage::Limit)).filter_map(|step| step.clause.as_deref()).collect();
    named.sort_unstable();
    named.dedup();
    let order = "deny is stricter than require, require than allow; the strictest that applies wins";
    let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match &picture.view {
        View::Policy => {
            format!(
                "{} · {} · {order}",
                counted(tools, "tool"),
                counted(named.len(), "rule or limit").replace("rule or limits", "rules and limits")
            )
        }
        View::Tool(_) | View::Path(_) => order.to_owned(),
    }
}

/// What became of the request, ahead of everything.
fn verdict(pen: &mut Pen, picture: &Picture, y: u32) -> u32 {
    let Some(verdict) = &picture.verdict else { return y };
    let mut lines = vec![format!("{} ({})", verdict.outcome.word(), verdict.reason)];
    lines.extend(verdict.notes.iter().flat_map(|note| wrap(note, 84, 3)));
    let height = 18 + 16 * lines.len() as u32;
    pen.outcome((MARGIN, y, WIDTH, height), verdict.outcome, "taken");
    for (line, at) in lines.iter().zip(0..) {
        pen.text(MARGIN + 24, y + 21 + 16 * at, if at == 0 { "title" } else { "code" }, line);
    }
    y + height + 8
}

/// Each outcome's shape with its meaning, and what the lines say.
fn legend(pen: &mut Pen, y: u32, width: u32) -> u32 {
    let columns = ((width - 2 * MARGIN) / LEGEND).max(1);
    pen.text(MARGIN, y + 12, "stage", "LEGEND");
    let mut bottom = y + 20;
    for (outcome, at) in Outcome::ALL.into_iter().zip(0..) {
        let (x, y) = (MARGIN + at % columns * LEGEND, y + 22 + at / columns * 34);
        pen.outcome((x, y, 104, 26), outcome, "");
        pen.middle(x + 50, y + 17, "code", outcome.word());
        pen.text(x + 114, y + 17, "note", outcome.meaning());
        bottom = y + 34;
    }
    let notes = [
        "yes, unknown: what restricts applies also where its condition can't be known; what grants does not",
        "a dotted line collects the effect and asks on · a dashed box is a hint or candidate: reported, never decisive",
    ];
    for note in notes {
        bottom += 16;
        pen.text(MARGIN, bottom, "note", note);
    }
    bottom
}

/// Where the cards stand: column and distance from the top.
struct Plan {
    columns: u32,
    height: u32,
    places: Vec<(u32, u32)>,
}

impl Plan {
    /// The number of columns with the page of the best shape.
    fn best(cards: &[Card]) -> Plan {
        let off = |plan: &Plan| {
            let wide = f64::from(plan.columns * (WIDTH + GAP)) / f64::from(plan.height.max(1));
            (wide / ASPECT).ln().abs()
        };
        let most = cards.len().clamp(1, MAX_COLUMNS);
        let plans = (1..=most).map(|columns| Plan::with(cards, columns));
        plans.min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(Plan { columns: 1, height: 0, places: Vec::new() })
    }

    /// Each card goes where there is most room, in order.
    fn with(cards: &[Card], columns: usize) -> Plan {
        let mut ends = vec![0; columns];
        let mut places = Vec::with_capacity(cards.len());
        for card in cards {
            let column = (0..columns).min_by_key(|column| ends[*column]).unwrap_or(0);
            places.push((column as u32, ends[column]));
            ends[column] += card.height + GAP;
        }
        let height = ends.into_iter().max().unwrap_or(0).saturating_sub(GAP);
        Plan { columns: columns as u32, height, places }
    }
}
