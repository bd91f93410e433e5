//! Results as tables, as JSON and as a plot. Measures nothing.

use std::fmt::Write;
use std::path::Path;

use plotters::prelude::*;
use serde::Serialize;

use crate::measure::Measured;

/// One workload's results.
#[derive(Serialize)]
pub struct Row {
    /// Rows of one group have the same columns and stand in one table.
    pub group: &'static str,
    /// The workload.
    pub name: String,
    /// Its size.
    pub size: usize,
    /// What it is.
    pub about: String,
    /// By engine, in the order of the columns; `Err` says why there is none. Others are compared with the first.
    pub cells: Vec<Cell>,
}

/// A column's name, and what was measured.
pub type Cell = (String, Result<Measured, String>);

/// A value of what was measured.
type Pick = fn(&Measured) -> f64;

/// Everything, as Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::new();
    let mut groups: Vec<&str> = Vec::new();
    for row in rows {
        if !groups.contains(&row.group) {
            groups.push(row.group);
        }
    }
    for group in groups {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.group == group).collect();
        let _ = writeln!(out, "## {group}\n");
        for (title, pick) in [("p50", (|m| m.p50_ns) as Pick), ("p99", |m| m.p99_ns)] {
            if rows.iter().flat_map(|row| &row.cells).any(|(_, cell)| cell.as_ref().is_ok_and(|m| !pick(m).is_nan())) {
                let _ = writeln!(out, "{title}: the first column in time, the others as multiples of it.\n");
                table(&mut out, &rows, |cells, i| ratio(cells, i, pick));
            }
        }
        if rows.iter().flat_map(|row| &row.cells).any(|(_, cell)| cell.as_ref().is_ok_and(|m| !m.allocations.is_nan()))
        {
            let _ = writeln!(out, "Allocations per decision.\n");
            table(&mut out, &rows, |cells, i| cells[i].1.as_ref().map_or("n/a".to_owned(), |m| short(m.allocations)));
        }
        let mut lines: Vec<String> = rows.iter().map(|row| format!("- *{}*: {}.", row.name, row.about)).collect();
        for row in &rows {
            let absent = row.cells.iter().filter_map(|(name, cell)| Some((name, cell.as_ref().err()?)));
            lines.extend(
                absent.map(|(name, why)| {
                    format!("- n/a, {}: {name} {}.", row.name, why.lines().last().unwrap_or_default())
                }),
            );
        }
        let mut seen = std::collections::HashSet::new();
        lines.retain(|line| seen.insert(line.clone()));
        let _ = writeln!(out, "{}\n", lines.join("\n"));
    }
    out
}

fn table(out: &mut String, rows: &[&Row], show: impl Fn(&[Cell], usize) -> String) {
    let names: Vec<&str> = rows.first().map(|r| r.cells.iter().map(|(n, _)| n.as_str()).collect()).unwrap_or_default();
    let _ = writeln!(out, "| workload | size | {} |\n|---|---|{}", names.join(" | "), "---|".repeat(names.len()));
    for row in rows {
        let cells: Vec<String> = (0..row.cells.len()).map(|i| show(&row.cells, i)).collect();
        let _ = writeln!(out, "| {} | {} | {} |", row.name, row.size, cells.join(" | "));
    }
    out.push('\n');
}

fn ratio(cells: &[Cell], i: usize, pick: Pick) -> String {
    let base = cells.first().and_then(|(_, cell)| cell.as_ref().ok()).map_or(f64::NAN, pick);
    match &cells[i].1 {
        Ok(measured) if i == 0 => time(pick(measured)),
        Ok(measured) if pick(measured).is_nan() => "n/a".to_owned(),
        Ok(measured) => format!("{}×", multiple(pick(measured) / base)),
        Err(_) => "n/a".to_owned(),
    }
}

fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.1} ms", ns / 1e6),
    }
}

fn multiple(number: f64) -> String {
    match number {
        n if n < 10.0 => format!("{n:.2}"),
        n => format!("{n:.0}"),
    }
}

fn short(number: f64) -> String {
    match number {
        n if n == 0.0 => "0".to_owned(),
        n if n < 10.0 => format!("{n:.1}"),
        n => format!("{n:.0}"),
    }
}

/// Time against the number of rules, both logarithmic, for the workload of which there are most sizes.
pub fn plot(rows: &[Row], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.name == "agents").collect();
    if rows.len() < 2 {
        return Ok(());
    }
    let area = SVGBackend::new(path, (900, 560)).into_drawing_area();
    area.fill(&WHITE)?;
    let most = rows.iter().map(|row| row.size).max().unwrap_or(10) as f64;
    let mut chart = ChartBuilder::on(&area)
        .caption("One decision, by the number of rules", ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(84)
        .build_cartesian_2d((10f64..most).log_scale(), (10f64..1e9).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("rules")
        .y_desc("time, p50")
        .y_label_formatter(&|ns| time(*ns))
        .x_label_formatter(&|n| format!("{n:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    let names: Vec<String> = rows.first().map(|r| r.cells.iter().map(|(n, _)| n.clone()).collect()).unwrap_or_default();
    for (i, name) in names.iter().enumerate() {
        let point = |row: &&Row| Some((row.size as f64, row.cells.get(i)?.1.as_ref().ok()?.p50_ns));
        let points: Vec<(f64, f64)> = rows.iter().filter_map(point).collect();
        let style = Palette99::pick(i).stroke_width(if i == 0 { 4 } else { 2 });
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 24, y)], style));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    area.present()?;
    Ok(())
}
