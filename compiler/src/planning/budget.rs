//! Budgets: predicted against allowed, and if something is too much, the smallest single changes that would fit,
//! each verified by planning again.

use super::micro_batch::divisors;
use super::show::{self, bytes};
use super::{Planned, allowed_bytes, plan_stage, report};
use crate::codes;
use crate::codes::e0701::Remedy;
use crate::experiment::{Limit, Limited, MicroBatch, Precision, Recompute, Stage};
use crate::quantity::number;
use regimen_base::plan::{BudgetLine, Report};
use regimen_base::{Diagnostic, SourceMap};

/// Checks a planned stage against its device and its budgets.
pub fn check(stage: &Stage, seed: u64, planned: &Planned, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut found = vec![];
    let limits: &[Limit] = stage.budget.as_ref().map_or(&[], |b| &b.limits);
    let failing: Vec<&Limit> =
        limits.iter().filter(|l| predicted(l.what, &planned.report) > l.at_most).collect();
    let needed = planned.report.memory.upper_bound;
    let budgeted = failing.iter().any(|l| l.what == Limited::Memory);
    if needed > stage.hardware.memory && !budgeted {
        let remedies = Search { stage, seed, planned, sources }.memory();
        found.push(codes::e0702::does_not_fit(stage, &planned.report, &remedies));
    }
    for limit in failing {
        let search = Search { stage, seed, planned, sources };
        let remedies = match limit.what {
            Limited::Memory => search.memory(),
            _ => search.work(limit),
        };
        let line = line(limit, &planned.report);
        found.push(codes::e0701::exceeded(limit, &line, &planned.report, &remedies));
    }
    found
}

/// How every budget of a stage stands.
pub fn lines(stage: &Stage, report: &Report) -> Vec<BudgetLine> {
    stage.budget.iter().flat_map(|b| &b.limits).map(|limit| line(limit, report)).collect()
}

fn line(limit: &Limit, report: &Report) -> BudgetLine {
    let predicted = predicted(limit.what, report);
    let (unit, size) = (&limit.unit.0, limit.unit.1);
    let holds = predicted <= limit.at_most;
    let shown = match limit.what {
        // A rounded number beside an exact limit, or one that rounds to the limit, would not show what is too much.
        Limited::Memory if unit == "bytes" || unit.starts_with("bytes/") => {
            format!("{} {unit}", display(predicted))
        }
        Limited::Memory if !holds && hidden(predicted, limit) => {
            format!("{} {unit} ({} bytes)", show::number(predicted / size), display(predicted))
        }
        _ if !holds && hidden(predicted, limit) => match limit.what {
            Limited::Cost => format!("${}", predicted / size),
            _ => format!("{} {unit}", predicted / size),
        },
        Limited::Cost => show::dollars(predicted),
        _ => format!("{} {unit}", show::number(predicted / size)),
    };
    BudgetLine {
        name: name(limit.what).to_string(),
        allowed: limit.written.clone(),
        predicted: shown,
        ratio: predicted / limit.at_most,
        holds,
    }
}

/// Whether a number and its limit look the same when they are rounded.
fn hidden(predicted: f64, limit: &Limit) -> bool {
    let shown = |n: f64| match limit.what {
        Limited::Cost => show::dollars(n),
        _ => show::number(n / limit.unit.1),
    };
    predicted != limit.at_most && shown(predicted) == shown(limit.at_most)
}

/// A whole number in the language's own form.
fn display(n: f64) -> String {
    number::display(&num_rational::BigRational::from(num_bigint::BigInt::from(n as u64)))
}

/// Name of a budget as written.
pub fn name(what: Limited) -> &'static str {
    match what {
        Limited::Memory => "memory",
        Limited::Compute => "compute",
        Limited::Time => "time",
        Limited::Cost => "cost",
    }
}

fn predicted(what: Limited, report: &Report) -> f64 {
    match what {
        Limited::Memory => report.memory.upper_bound as f64,
        Limited::Compute => report.flops,
        Limited::Time => report.seconds,
        Limited::Cost => report.dollars.unwrap_or(0.0),
    }
}

/// Looks for single changes of a stage that fit.
struct Search<'a> {
    stage: &'a Stage,
    seed: u64,
    planned: &'a Planned,
    sources: &'a SourceMap,
}

impl Search<'_> {
    /// Changes that bring the memory down to what is allowed.
    fn memory(&self) -> Vec<Remedy> {
        let allowed = allowed_bytes(self.stage) as f64;
        let fits = |report: &Report| {
            (report.memory.upper_bound as f64 <= allowed).then(|| bytes(report.memory.upper_bound))
        };
        let mut remedies = vec![];
        remedies.extend(self.smaller_micro_batch(&fits));
        remedies.extend(self.full_recompute(&fits));
        remedies.extend(self.half_precision(&fits));
        remedies.extend(self.shorter_sequence(&fits));
        remedies
    }

    /// Changes that bring compute, time or cost down to what is allowed.
    fn work(&self, limit: &Limit) -> Vec<Remedy> {
        let fits = |report: &Report| {
            let line = line(limit, report);
            line.holds.then_some(line.predicted)
        };
        let mut remedies = vec![];
        remedies.extend(self.fewer_steps(limit, &fits));
        if limit.what != Limited::Compute {
            remedies.extend(self.half_precision(&fits));
        }
        remedies
    }

    /// Plans a changed stage and returns what it needs if that is little enough.
    fn try_with(&self, stage: &Stage, fits: &dyn Fn(&Report) -> Option<String>) -> Option<String> {
        let planned = plan_stage(stage, self.seed, self.sources).ok()?;
        (planned.report.memory.upper_bound <= stage.hardware.memory).then_some(())?;
        fits(&planned.report)
    }

    fn smaller_micro_batch(&self, fits: &dyn Fn(&Report) -> Option<String>) -> Option<Remedy> {
        let smaller = divisors(self.stage.batch).into_iter().filter(|d| *d < self.planned.micro_batch);
        smaller.rev().find_map(|size| {
            let changed = Stage { micro_batch: MicroBatch::Fixed(size), ..self.stage.clone() };
            let needs = self.try_with(&changed, fits)?;
            Some(self.remedy("micro_batch", size.to_string(), self.stage.spans.micro_batch, needs))
        })
    }

    fn full_recompute(&self, fits: &dyn Fn(&Report) -> Option<String>) -> Option<Remedy> {
        (self.stage.recompute == Recompute::None).then_some(())?;
        let changed = Stage { recompute: Recompute::Full, ..self.fixed() };
        let needs = self.try_with(&changed, fits)?;
        Some(self.remedy("recompute", "full".to_string(), self.stage.spans.recompute, needs))
    }

    fn half_precision(&self, fits: &dyn Fn(&Report) -> Option<String>) -> Option<Remedy> {
        let possible = self.stage.precision != Precision::Bf16 && self.stage.hardware.flops_bf16.is_some();
        possible.then_some(())?;
        let changed = Stage { precision: Precision::Bf16, ..self.fixed() };
        let needs = self.try_with(&changed, fits)?;
        Some(self.remedy("precision", "bf16".to_string(), self.stage.spans.precision, needs))
    }

    fn shorter_sequence(&self, fits: &dyn Fn(&Report) -> Option<String>) -> Option<Remedy> {
        let halves = (1..).map(|k| self.stage.sequence >> k).take_while(|t| *t >= 16);
        halves.into_iter().find_map(|sequence| {
            let changed = Stage { sequence, ..self.fixed() };
            let needs = self.try_with(&changed, fits)?;
            Some(self.remedy("sequence", format!("{sequence} tokens"), self.stage.spans.sequence, needs))
        })
    }

    fn fewer_steps(&self, limit: &Limit, fits: &dyn Fn(&Report) -> Option<String>) -> Option<Remedy> {
        let ratio = limit.at_most / predicted(limit.what, &self.planned.report);
        // Evaluations and samples do not shrink with the steps: begin at the proportional number and go down.
        let mut steps = (self.stage.steps as f64 * ratio).floor() as u64;
        for _ in 0..8 {
            (steps > self.stage.learning_rate.warmup).then_some(())?;
            let mut changed = Stage { steps, ..self.fixed() };
            changed.learning_rate.steps = steps;
            if let Some(needs) = self.try_with(&changed, fits) {
                let tokens = report::tokens(&changed);
                let value = format!("{steps} steps");
                let mut remedy = self.remedy("duration", value, self.stage.spans.duration, needs);
                remedy.meaning = format!("{} tokens", show::count(tokens));
                return Some(remedy);
            }
            steps -= steps / 50 + 1;
        }
        None
    }

    /// The stage with the micro-batch that was planned, so that only one thing changes.
    fn fixed(&self) -> Stage {
        Stage { micro_batch: MicroBatch::Fixed(self.planned.micro_batch), ..self.stage.clone() }
    }

    fn remedy(&self, field: &'static str, value: String, span: regimen_base::Span, needs: String) -> Remedy {
        // Where a default applies, the span is the declaration's and nothing can be replaced there.
        let written = (span != self.stage.span).then_some(span);
        Remedy { field, value, needs, written, meaning: String::new() }
    }
}
