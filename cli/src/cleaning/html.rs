//! Reports on data as one page that needs nothing else: styles inside, plots as SVG, no script, no address.

use super::{left, length_class, percent, quality};
use regimen_compiler::planning::show::count;
use regimen_data::clean::report::{Removed, Report, StepReport};
use std::collections::BTreeMap;
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222;background:#fff}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child,td.text{text-align:left}td.text{color:#555;font-size:13px;max-width:38em;overflow-wrap:anywhere}
h2{margin-top:2em;border-top:2px solid #222}svg text{font:12px system-ui,sans-serif;fill:#222}.before{fill:#c9d6e3}.after{fill:#2f6fa7}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1c}td,th{border-color:#444}td.text{color:#aaa}svg text{fill:#ddd}h2{border-color:#888}.before{fill:#3d4a57}.after{fill:#7bb3e0}}";

/// What every page begins with.
pub const BEGINNING: &str =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Data report</title>";

/// The page.
pub fn page(reports: &[Report]) -> String {
    let mut out = format!("{BEGINNING}<style>{STYLE}</style></head><body>\n<h1>Data report</h1>\n");
    reports.iter().for_each(|report| self::report(&mut out, report));
    out.push_str("</body></html>\n");
    out
}

fn report(out: &mut String, report: &Report) {
    let _ = write!(
        out,
        "<h2>{}</h2>\n<p>{}. Broken records left out: {}.</p>\n",
        escaped(&report.name),
        left(report),
        count(report.broken),
    );
    if !report.steps.is_empty() {
        funnel(out, report);
        table(out, report);
    }
    qualities(out, report);
    checks(out, report);
    let classes: Vec<u32> =
        report.lengths_before.keys().chain(report.lengths_after.keys()).copied().collect();
    let rows: BTreeMap<u32, (u64, u64)> = classes
        .into_iter()
        .map(|class| {
            let of = |counts: &BTreeMap<u32, u64>| counts.get(&class).copied().unwrap_or(0);
            (class, (of(&report.lengths_before), of(&report.lengths_after)))
        })
        .collect();
    let lengths: Vec<_> = rows.iter().map(|(class, (b, a))| (length_class(*class), *b, *a)).collect();
    bars(out, "Documents by words, read and left", &lengths);
    let languages: Vec<_> = report.languages.iter().map(|(code, n)| (code.clone(), 0, *n)).collect();
    bars(out, "Languages of what is left, in a sample", &languages);
}

/// What documents are like, read and left.
fn qualities(out: &mut String, report: &Report) {
    let _ = writeln!(
        out,
        "<table><tr><th>quality, words of {} documents</th><th>read</th><th>left</th><th></th></tr>",
        count(report.quality_after.sampled)
    );
    for quality::Row { name, before, after, meaning } in quality::rows(report) {
        let (before, after) = (escaped(&before), escaped(&after));
        let _ = writeln!(
            out,
            "<tr><td>{name}</td><td>{before}</td><td>{after}</td><td class=\"text\">{meaning}</td></tr>"
        );
    }
    out.push_str("</table>\n");
}

/// Documents that do not look like samples.
fn checks(out: &mut String, report: &Report) {
    if report.checks.is_empty() {
        return;
    }
    out.push_str("<table><tr><th>documents that do not look like samples</th><th>documents</th><th>of those left</th><th>example</th></tr>\n");
    for (check, found) in &report.checks {
        row(out, check, found, report.after.documents, &report.files);
    }
    out.push_str("</table>\n");
}

/// What a rule or a check found, with examples.
fn row(out: &mut String, name: &str, found: &Removed, whole: u64, files: &[String]) {
    let examples = found.examples.iter().map(|example| {
        let file = files.get(example.file as usize).map_or("?", String::as_str);
        format!(
            "<p><b>{}:{}</b> {} — {}</p>",
            escaped(file),
            example.line,
            escaped(&example.detail),
            escaped(&example.text)
        )
    });
    let _ = writeln!(
        out,
        "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td></tr>",
        escaped(name),
        count(found.amount.documents),
        percent(found.amount.documents, whole),
        examples.collect::<String>(),
    );
}

/// Words that come to each step and that it leaves.
fn funnel(out: &mut String, report: &Report) {
    let rows: Vec<_> = report.steps.iter().map(|s| (s.step.clone(), s.before.words, s.after.words)).collect();
    bars(out, "Words that come to each step, and what it leaves", &rows);
}

/// Horizontal bars, two to a row.
fn bars(out: &mut String, title: &str, rows: &[(String, u64, u64)]) {
    let Some(most) = rows.iter().map(|(_, a, b)| *a.max(b)).max().filter(|most| *most > 0) else { return };
    let height = rows.len() * 22 + 6;
    let _ = write!(
        out,
        "<h3>{}</h3>\n<svg viewBox=\"0 0 760 {height}\" width=\"760\" role=\"img\">\n",
        escaped(title)
    );
    for (index, (name, before, after)) in rows.iter().enumerate() {
        let width = |n: u64| n as f64 / most as f64 * 470.0;
        let (y, shown) = (index * 22 + 4, count(*after));
        let (wide, narrow) = (width(*before), width(*after));
        let _ = writeln!(
            out,
            "<text x=\"150\" y=\"{}\" text-anchor=\"end\">{}</text><rect class=\"before\" x=\"160\" y=\"{y}\" width=\"{wide:.1}\" height=\"16\"/><rect class=\"after\" x=\"160\" y=\"{y}\" width=\"{narrow:.1}\" height=\"16\"/><text x=\"{:.1}\" y=\"{}\">{shown}</text>",
            y + 13,
            escaped(name),
            168.0 + wide.max(narrow),
            y + 13,
        );
    }
    out.push_str("</svg>\n");
}

fn table(out: &mut String, report: &Report) {
    out.push_str("<table><tr><th>step and rule</th><th>documents</th><th>of those that came</th><th>example</th></tr>\n");
    for (number, step) in report.steps.iter().enumerate() {
        let dropped = step.before.documents - step.after.documents;
        let _ = writeln!(
            out,
            "<tr><th>{}. {}</th><th>{}</th><th>{}</th><th>{} changed</th></tr>",
            number + 1,
            escaped(&step.step),
            count(dropped),
            percent(dropped, step.before.documents),
            count(step.changed),
        );
        rules(out, step, &report.files);
    }
    out.push_str("</table>\n");
}

fn rules(out: &mut String, step: &StepReport, files: &[String]) {
    for (rule, removed) in &step.rules {
        row(out, rule, removed, step.before.documents, files);
    }
    if let Some(trained) = &step.trained {
        let _ = writeln!(
            out,
            "<tr><td></td><td></td><td></td><td class=\"text\">{}</td></tr>",
            super::learned(trained)
        );
    }
    for (what, times) in &step.notes {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{} times</td><td></td><td></td></tr>",
            escaped(what),
            count(*times)
        );
    }
}

/// Text of documents may hold anything.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_data::clean::report::{Amount, Example};

    #[test]
    fn the_page_is_whole_and_documents_cannot_write_into_it() {
        let evil = "<script>alert(1)</script>";
        let example = Example { file: 0, line: 1, detail: evil.into(), text: evil.into() };
        let amount = Amount { documents: 1, bytes: 5, words: 2 };
        let mut step = StepReport { step: "gopher".into(), before: amount, ..StepReport::default() };
        step.rules.insert(evil.into(), Removed { amount, examples: vec![example] });
        let report = Report {
            name: evil.into(),
            files: vec![evil.into()],
            before: amount,
            steps: vec![step],
            lengths_before: [(1, 1)].into(),
            languages: [(evil.to_string(), 1)].into(),
            checks: [(evil.to_string(), Removed { amount, examples: vec![] })].into(),
            ..Report::default()
        };
        let page = page(&[report]);
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        assert!(!page.contains("<script") && !page.contains("http"));
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert!(page.matches("<svg").count() >= 2);
    }
}
