//! The strokes of an SVG: texts, shapes and arrows. Knows the outcomes' shapes, and nothing of steps.

use std::fmt::Write;

use super::super::words::visible;
use super::super::{Outcome, Seen};

/// Left, top, width, height.
pub type Area = (u32, u32, u32, u32);

/// Fonts, colours, arrow heads.
pub const STYLE: &str = "<style>\n\
    text{fill:#0f172a;font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}\n\
    .h1{font:600 20px system-ui,'DejaVu Sans',Helvetica,Arial,sans-serif}\n\
    .note,.edge,.stage{font:11px system-ui,'DejaVu Sans',Helvetica,Arial,sans-serif;fill:#475569}\n\
    .stage{font-size:9px;font-weight:600;letter-spacing:1px;fill:#64748b}\n\
    .title{font-weight:700}\n\
    .tool{font-weight:700;font-size:14px}\n\
    .value{fill:#1d4ed8}\n\
    .word{font-weight:700}\n\
    .box{fill:#ffffff;stroke:#94a3b8}\n\
    .way{fill:none;stroke:#64748b;stroke-width:1.3}\n\
    .dots{stroke-dasharray:2 3}\n\
    .taken{stroke-width:3}\n\
    .way.taken{stroke:#1d4ed8;stroke-width:2.6}\n\
    .box.taken{stroke:#1d4ed8;stroke-width:2}\n\
    .faint{opacity:.38}\n\
    .shadow{stroke-dasharray:5 3}\n\
    </style>\n\
    <defs>\n\
    <marker id=\"tip\" markerUnits=\"userSpaceOnUse\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" orient=\"auto\">\
    <path d=\"M0 0L9 4L0 8z\" fill=\"#64748b\"/></marker>\n\
    <marker id=\"tip-taken\" markerUnits=\"userSpaceOnUse\" markerWidth=\"12\" markerHeight=\"10\" refX=\"10\" refY=\"5\" orient=\"auto\">\
    <path d=\"M0 0L12 5L0 10z\" fill=\"#1d4ed8\"/></marker>\n\
    </defs>\n";

/// Words that say how a line is to be read.
const WORDS: [&str; 12] =
    ["when", "unless", "where", "in", "or", "deny", "deny:", "require", "mark", "constrain", "allow", "grant"];

#[derive(Debug, Default)]
pub struct Pen {
    pub out: String,
}

impl Pen {
    pub fn text(&mut self, x: u32, y: u32, class: &str, text: &str) {
        let _ = writeln!(self.out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>", escape(text));
    }

    /// A text around `x`.
    pub fn middle(&mut self, x: u32, y: u32, class: &str, text: &str) {
        let text = escape(text);
        let _ = writeln!(self.out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\" text-anchor=\"middle\">{text}</text>");
    }

    /// A text whose first word stands out if it is one of the language.
    pub fn clause(&mut self, x: u32, y: u32, class: &str, text: &str) {
        match text.split_once(' ') {
            Some((word, rest)) if WORDS.contains(&word) => {
                let (word, rest) = (escape(word), escape(rest));
                let _ = writeln!(
                    self.out,
                    "<text x=\"{x}\" y=\"{y}\" class=\"{class}\"><tspan class=\"word\">{word}</tspan> {rest}</text>"
                );
            }
            _ => self.text(x, y, class, text),
        }
    }

    pub fn rect(&mut self, (x, y, w, h): Area, class: &str, radius: u32) {
        let _ = writeln!(
            self.out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{radius}\" class=\"{class}\"/>"
        );
    }

    /// The shape and the colours of an outcome.
    pub fn outcome(&mut self, (x, y, w, h): Area, outcome: Outcome, class: &str) {
        let (right, bottom, middle) = (x + w, y + h, y + h / 2);
        let path = match outcome {
            Outcome::Allow => {
                let r = h / 2;
                format!("M{} {y}H{}a{r} {r} 0 0 1 0 {h}H{}a{r} {r} 0 0 1 0 -{h}z", x + r, right - r, x + r)
            }
            Outcome::Require => {
                let (a, b) = (x + 12, right - 12);
                format!("M{x} {middle}L{a} {y}H{b}L{right} {middle}L{b} {bottom}H{a}z")
            }
            Outcome::Deny => {
                let cut = 9;
                let (a, b, c, d) = (x + cut, right - cut, y + cut, bottom - cut);
                format!("M{a} {y}H{b}L{right} {c}V{d}L{b} {bottom}H{a}L{x} {d}V{c}z")
            }
            Outcome::Constrain => {
                let (a, b) = (right - 12, y + 12);
                format!("M{x} {y}H{a}L{right} {b}V{bottom}H{x}zM{a} {y}V{b}H{right}")
            }
            Outcome::Mark => {
                let a = right - 14;
                format!("M{x} {y}H{a}L{right} {middle}L{a} {bottom}H{x}z")
            }
        };
        let (fill, stroke) = outcome.colors();
        let _ = writeln!(self.out, "<path d=\"{path}\" fill=\"{fill}\" stroke=\"{stroke}\" class=\"{class}\"/>");
    }

    /// A line through points, with an arrow head where `tip`.
    pub fn way(&mut self, points: &[(u32, u32)], dotted: bool, tip: bool, seen: Seen) {
        let mut path = String::new();
        for ((x, y), command) in points.iter().zip("M".chars().chain("L".chars().cycle())) {
            let _ = write!(path, "{command}{x} {y}");
        }
        let dots = if dotted { " dots" } else { "" };
        let tip = match (tip, seen) {
            (false, _) => "",
            (true, Seen::Taken) => " marker-end=\"url(#tip-taken)\"",
            (true, _) => " marker-end=\"url(#tip)\"",
        };
        let _ = writeln!(self.out, "<path d=\"{path}\" class=\"way{dots}{}\"{tip}/>", mood(seen));
    }

    /// A drawing, moved.
    pub fn at(&mut self, x: u32, y: u32, body: &str) {
        let _ = writeln!(self.out, "<g transform=\"translate({x} {y})\">\n{body}</g>");
    }

    /// Begins a group, faint where the request did not come by, with a text for the pointer.
    pub fn open(&mut self, faint: bool, hint: &str) {
        self.out.push_str(if faint { "<g class=\"faint\">\n" } else { "<g>\n" });
        if !hint.is_empty() {
            let _ = writeln!(self.out, "<title>{}</title>", escape(hint));
        }
    }

    pub fn close(&mut self) {
        self.out.push_str("</g>\n");
    }
}

/// The class of what was taken, after a space. What was not is in a faint group.
pub fn strong(seen: Seen) -> &'static str {
    if seen == Seen::Taken { " taken" } else { "" }
}

/// The class of a way that was taken or not, after a space.
fn mood(seen: Seen) -> &'static str {
    match seen {
        Seen::Untold => "",
        Seen::Taken => " taken",
        Seen::Passed | Seen::Unreached => " faint",
    }
}

/// Text for XML.
fn escape(text: &str) -> String {
    let text = text.lines().map(visible).collect::<Vec<_>>().join("\n");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
