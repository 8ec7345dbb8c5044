//! The end of a stage: what was predicted beside what was measured.

use regimen_base::plan::{Report, Stage};
use regimen_compiler::planning::show::{bytes, count, duration, flop};
use regimen_runtime::run::{End, Outcome};

/// One line about how the stage ended, and the table.
pub fn summary(stage: &Stage, report: Option<&Report>, steps: u64, outcome: &Outcome) -> String {
    let ended = match outcome.end {
        End::Finished => "finished",
        End::StoppedEarly => "finished early",
        End::Interrupted => "was interrupted and saved",
        End::WasFinished => "was finished before",
    };
    let mut text = format!("stage {} {ended} after step {}\n", stage.name, count(outcome.step));
    if outcome.measured.steps > 0 {
        text.push_str(&table(&rows(stage, report, steps, outcome)));
    }
    text
}

/// What is compared, predicted, measured, remark.
type Row = [String; 4];

fn rows(stage: &Stage, report: Option<&Report>, steps: u64, outcome: &Outcome) -> Vec<Row> {
    let measured = &outcome.measured;
    // This process may have done a part of the stage only.
    let share = measured.steps as f64 / steps.max(1) as f64;
    let mut rows = vec![["".into(), "predicted".into(), "measured".into(), String::new()]];
    rows.push(memory(stage, outcome));
    if let Some(report) = report {
        let flops = report.flops * share;
        let speed = format!("{}/s reached", flop(flops / measured.seconds.max(f64::MIN_POSITIVE)));
        rows.push(["compute".into(), flop(flops), String::new(), speed]);
        let seconds = report.seconds * share;
        let off = (measured.seconds / seconds.max(f64::MIN_POSITIVE) - 1.0) * 100.0;
        let hint =
            if report.calibrated { "" } else { "; `regimen calibrate` fits predictions to this machine" };
        let remark = format!("{off:+.0} %{hint}");
        rows.push(["time".into(), duration(seconds), duration(measured.seconds), remark]);
    }
    let pace = measured.tokens as f64 / measured.seconds.max(f64::MIN_POSITIVE);
    rows.push([
        "tokens".into(),
        String::new(),
        count(measured.tokens),
        format!("{}/s overall", count(pace as u64)),
    ]);
    rows
}

fn memory(stage: &Stage, outcome: &Outcome) -> Row {
    let planned = outcome.measured.planned_bytes;
    let (measured, remark) = match outcome.measured.measured_bytes {
        Some(found) if found == planned => (bytes(found), format!("equal: {} B", count(found))),
        Some(found) => {
            (bytes(found), format!("differs: {} B planned, {} B measured", count(planned), count(found)))
        }
        None => ("not counted".into(), String::new()),
    };
    // A part of a stage may not reach its highest peak.
    let part = if planned < stage.peak_bytes { "; the stage's peak is elsewhere" } else { "" };
    ["memory".into(), bytes(planned), measured, format!("{remark}{part}")]
}

fn table(rows: &[Row]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (name, predicted, measured) = (width(0), width(1), width(2));
    let mut text = String::new();
    for [a, b, c, remark] in rows {
        let line = format!("  {a:<name$}  {b:>predicted$}  {c:>measured$}  {remark}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
