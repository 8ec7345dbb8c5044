//! The end of a stage: what was predicted beside what was measured.

use regimen_base::plan::{Report, Stage};
use regimen_compiler::planning::show::{bytes, count, duration, flop};
use regimen_runtime::run::{End, Measured, Outcome};

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
        text.push_str(&part(steps, outcome));
        text.push_str(&table(&rows(stage, report, steps, outcome)));
    }
    text
}

/// Says which part of the stage is compared, if it is not the whole.
fn part(steps: u64, outcome: &Outcome) -> String {
    let done = outcome.measured.steps;
    if done >= steps {
        return String::new();
    }
    let first = outcome.step - done.min(outcome.step) + 1;
    format!("  this process did steps {} to {} of {}:\n", count(first), count(outcome.step), count(steps))
}

/// What is compared, predicted, measured, remark.
pub type Row = [String; 4];

fn rows(stage: &Stage, report: Option<&Report>, steps: u64, outcome: &Outcome) -> Vec<Row> {
    let measured = &outcome.measured;
    let mut rows = vec![heads()];
    rows.push(memory(stage, measured));
    rows.extend(resident(measured));
    rows.push(compute(measured));
    rows.extend(report.map(|report| time(report, steps, measured)));
    let pace = measured.tokens as f64 / measured.seconds.max(f64::MIN_POSITIVE);
    rows.push([
        "tokens".into(),
        String::new(),
        count(measured.tokens),
        format!("{}/s overall", count(pace as u64)),
    ]);
    rows
}

fn memory(stage: &Stage, measured: &Measured) -> Row {
    let planned = measured.planned_bytes;
    let mut row = compared(planned, measured.measured_bytes);
    // A part of a stage may not reach its highest peak.
    if planned < stage.peak_bytes {
        row[3].push_str("; the stage's peak is elsewhere");
    }
    row
}

/// The first line of a table.
pub fn heads() -> Row {
    ["".into(), "predicted".into(), "measured".into(), String::new()]
}

/// Planned and measured bytes at the peak.
pub fn compared(planned: u64, measured: Option<u64>) -> Row {
    let (found, remark) = match measured {
        Some(found) if found == planned => (bytes(found), format!("equal: {} B", count(found))),
        Some(found) => {
            (bytes(found), format!("differs: {} B planned, {} B measured", count(planned), count(found)))
        }
        None => ("not counted".into(), String::new()),
    };
    ["memory".into(), bytes(planned), found, remark]
}

/// What the whole process grew by, where the system tells.
fn resident(measured: &Measured) -> Option<Row> {
    let grown = measured.resident_growth?;
    let planned = measured.planned_bytes;
    let margin = measured.resident_margin();
    let verdict = if grown.abs_diff(planned) <= margin { "within" } else { "outside" };
    let remark = format!("{verdict} the margin of {}", bytes(margin));
    Some(["process".into(), bytes(planned), bytes(grown), remark])
}

fn compute(measured: &Measured) -> Row {
    let (planned, done) = (measured.planned_flops, measured.measured_flops);
    let speed = format!("{}/s reached", flop(done / measured.seconds.max(f64::MIN_POSITIVE)));
    let remark = if planned == done {
        format!("equal; {speed}")
    } else {
        // Text that ends before its last token, for example.
        format!("{:+.2} %; {speed}", (done / planned.max(f64::MIN_POSITIVE) - 1.0) * 100.0)
    };
    ["compute".into(), flop(planned), flop(done), remark]
}

fn time(report: &Report, steps: u64, measured: &Measured) -> Row {
    // This process may have done a part of the stage only.
    let seconds = report.seconds * measured.steps as f64 / steps.max(1) as f64;
    let ratio = measured.seconds / seconds.max(f64::MIN_POSITIVE);
    let hint = if report.calibrated { "" } else { "; `regimen calibrate` fits predictions to this machine" };
    ["time".into(), duration(seconds), duration(measured.seconds), format!("{}{hint}", off(ratio))]
}

/// How far a time is from its prediction: a share where that says something, else how many times as long it took.
fn off(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{:+.0} %", (ratio - 1.0) * 100.0)
    } else {
        format!("× {}", count(ratio.round() as u64))
    }
}

pub fn table(rows: &[Row]) -> String {
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
