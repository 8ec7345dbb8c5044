//! Reports on data as tables.

use super::{Shown, left, length_class, percent, quality};
use regimen_compiler::planning::show::count;
use regimen_data::clean::Cleaned;
use regimen_data::clean::quality::entropy;
use regimen_data::clean::report::{Removed, Report, StepReport};
use regimen_data::clean::why::Fate;
use std::collections::BTreeMap;
use std::fmt::Write;

/// `1 broken record`, `2,000 broken records`.
fn plural(n: u64, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Width of the longest bar of a histogram.
const BAR: usize = 40;

/// Everything about one dataset.
pub fn reports(name: &str, cleaned: &Cleaned) -> String {
    let mut out = String::new();
    for (report, folder) in cleaned.reports.iter().zip(cleaned.folders()) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&self::report(report));
        if report.broken > 0 {
            let _ = writeln!(out, "\nbroken records are listed in {}", folder.join("broken.jsonl").display());
        }
    }
    sources(&mut out, cleaned);
    let _ = writeln!(
        out,
        "\n`regimen data FILE {name} --sample 20` shows what is left, `--why FILE:LINE` why a document went"
    );
    out
}

fn report(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}", report.name, left(report));
    if report.broken > 0 {
        let _ = writeln!(out, "left out: {}", plural(report.broken, "broken record"));
    }
    if !report.steps.is_empty() {
        steps(&mut out, report);
    }
    quality(&mut out, report);
    checks(&mut out, report);
    histogram(&mut out, "words in what is left", &report.lengths_after, |class| length_class(*class));
    histogram(&mut out, "languages of what is left, in a sample", &report.languages, String::clone);
    out
}

/// What documents are like, read and left.
fn quality(out: &mut String, report: &Report) {
    let rows = quality::rows(report);
    if rows.is_empty() {
        return;
    }
    let (read, left) = if report.quality_before.is_some() { ("read", "left") } else { ("", "") };
    let sample = format!("quality, words of {}", plural(report.quality_after.sampled, "document"));
    let _ = writeln!(out, "\n{sample:45}{read:>14}{left:>16}");
    for row in rows {
        let quality::Row { name, before, after, meaning } = row;
        let _ = writeln!(out, "  {name:43}{before:>14}{after:>16}  {meaning}");
    }
}

/// Documents that do not look like samples.
fn checks(out: &mut String, report: &Report) {
    if report.checks.is_empty() {
        return;
    }
    let _ = writeln!(out, "\ndocuments that do not look like samples");
    for (check, removed) in &report.checks {
        let share = percent(removed.amount.documents, report.after.documents);
        let _ = writeln!(out, "   {check:32}{:>12}        {share:>9}", count(removed.amount.documents));
        example(out, removed, &report.files);
    }
}

/// How words are spread over the sources of a mix.
fn sources(out: &mut String, cleaned: &Cleaned) {
    let sources = cleaned.sources();
    let whole: u64 = sources.iter().map(|(_, words)| words).sum();
    let Some(entropy) = entropy(sources.iter().map(|(_, words)| *words)).filter(|_| sources.len() > 1) else {
        return;
    };
    let _ = writeln!(out, "\nsources by words, entropy {} bits", quality::bits(entropy));
    for (name, words) in sources {
        let _ = writeln!(out, "  {name:30}{:>14}{:>9}", count(words), percent(words, whole));
    }
}

fn steps(out: &mut String, report: &Report) {
    let _ = writeln!(
        out,
        "\n{:3}{:20}{:>14}{:>14}{:>9}{:>14}{:>14}{:>10}",
        "", "step", "documents in", "out", "dropped", "words in", "out", "changed"
    );
    for (number, step) in report.steps.iter().enumerate() {
        let dropped = step.before.documents - step.after.documents;
        let _ = writeln!(
            out,
            "{:<3}{:20}{:>14}{:>14}{:>9}{:>14}{:>14}{:>10}",
            number + 1,
            step.step,
            count(step.before.documents),
            count(step.after.documents),
            percent(dropped, step.before.documents),
            count(step.before.words),
            count(step.after.words),
            count(step.changed),
        );
    }
    for (number, step) in report.steps.iter().enumerate() {
        rules(out, number + 1, step, &report.files);
    }
}

/// What each rule of a step removed, most first, with an example.
fn rules(out: &mut String, number: usize, step: &StepReport, files: &[String]) {
    if step.rules.is_empty() && step.notes.is_empty() && step.trained.is_none() {
        return;
    }
    let _ = writeln!(out, "\n{number}. {}", step.step);
    if let Some(trained) = &step.trained {
        let _ = writeln!(out, "   {}", super::learned(trained));
    }
    let mut rules: Vec<_> = step.rules.iter().collect();
    rules.sort_by_key(|(name, removed)| (std::cmp::Reverse(removed.amount.documents), (*name).clone()));
    for (rule, removed) in rules {
        let share = percent(removed.amount.documents, step.before.documents);
        let _ = writeln!(out, "   {rule:32}{:>12} removed{share:>9}", count(removed.amount.documents));
        example(out, removed, files);
    }
    for (what, times) in &step.notes {
        let _ = writeln!(out, "   {what:32}{:>12} times", count(*times));
    }
}

/// The first of what was removed or found.
fn example(out: &mut String, removed: &Removed, files: &[String]) {
    let Some(example) = removed.examples.first() else { return };
    let file = files.get(example.file as usize).map_or("?", String::as_str);
    let detail = if example.detail.is_empty() { String::new() } else { format!(" ({})", example.detail) };
    let text: String = example.text.chars().take(70).collect();
    let _ = writeln!(out, "     {file}:{}{detail}: {text}", example.line);
}

fn histogram<K>(out: &mut String, title: &str, counts: &BTreeMap<K, u64>, name: impl Fn(&K) -> String) {
    let (Some(most), sum) = (counts.values().max(), counts.values().sum::<u64>()) else { return };
    let _ = writeln!(out, "\n{title}");
    for (key, documents) in counts {
        let length = (*documents as f64 / *most as f64 * BAR as f64).ceil() as usize;
        let bar = "█".repeat(length.min(BAR));
        let _ = writeln!(
            out,
            "  {:>18} {bar:BAR$}{:>12}{:>9}",
            name(key),
            count(*documents),
            percent(*documents, sum)
        );
    }
}

/// What became of a document.
pub fn fate(document: &str, fate: &Fate) -> String {
    match fate {
        Fate::Kept { text } => format!("{document} stays:\n{}\n", text.trim_end()),
        Fate::Dropped { dataset, number, step, rule, detail } => {
            let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            format!("{document} was dropped by step {number} of {dataset}, {step}: {rule}{detail}\n")
        }
        Fate::Broken { message } => format!("{document} could not be read: {message}\n"),
    }
}

/// A document that is left.
pub fn sample(shown: &Shown) -> String {
    format!("── {}:{}\n{}\n\n", shown.file, shown.line, shown.text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_data::clean::report::{Amount, Example};

    #[test]
    fn a_report_tells_steps_rules_and_examples() {
        let amount = |documents, bytes, words| Amount { documents, bytes, words };
        let example =
            Example { file: 0, line: 7, detail: "3, at least 50".into(), text: "far too short".into() };
        let removed = Removed { amount: amount(3, 60, 12), examples: vec![example] };
        let step = StepReport {
            step: "gopher".into(),
            before: amount(10, 5_000, 1_000),
            after: amount(7, 4_940, 988),
            changed: 0,
            rules: [("too few words".to_string(), removed)].into(),
            notes: BTreeMap::new(),
            trained: None,
        };
        let whole = Report {
            name: "web".into(),
            files: vec!["web/a.jsonl".into()],
            before: step.before,
            after: step.after,
            broken: 1,
            steps: vec![step],
            lengths_after: [(7, 7)].into(),
            languages: [("en".to_string(), 7)].into(),
            ..Report::default()
        };
        let text = report(&whole);
        for part in [
            "web: 7 of 10 documents are left (70.0 %)",
            "left out: 1 broken record",
            "1  gopher",
            "too few words                              3 removed   30.0 %",
            "web/a.jsonl:7 (3, at least 50): far too short",
            "128–255",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }
}
