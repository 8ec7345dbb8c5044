//! A plan as text: what will happen, in tables that align.

use crate::planning::show::{bytes, count, dollars, duration, energy, flop};
use regimen_base::data::Certainty;
use regimen_base::plan::{Backend, BudgetLine, DatasetPlan, Memory, Plan, Report, Stage, Target};
use regimen_base::program::{Category, Program};
use std::fmt::Write;

/// The whole plan.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    let short = plan.hash.get(..16).unwrap_or(&plan.hash);
    let _ = writeln!(out, "experiment {}   plan {short}", plan.content.experiment);
    for (stage, report) in plan.content.stages.iter().zip(&plan.reports) {
        out.push('\n');
        stage_text(&mut out, stage, report);
    }
    out
}

/// A table of (left, right, remark) with aligned columns.
fn table(out: &mut String, rows: &[(String, String, String)]) {
    let width = |column: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|r| column(r).chars().count()).max().unwrap_or(0)
    };
    let (left, right) = (width(|r| &r.0), width(|r| &r.1));
    for (name, value, remark) in rows {
        let line = format!("  {name:<left$}  {value:>right$}  {remark}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn stage_text(out: &mut String, stage: &Stage, report: &Report) {
    let on = format!("{}{}", stage.target.hardware, threads(stage));
    let _ = writeln!(out, "stage {} : {}   model {} on {on}", stage.name, stage.kind, stage.model.name);
    let derived: Vec<_> =
        report.derived.iter().map(|d| (d.name.clone(), d.value.clone(), d.how.clone())).collect();
    table(out, &derived);
    estimated(out, stage);
    memory_text(out, stage, &report.memory);
    work_text(out, stage, report);
    programs_text(out, stage);
    budgets_text(out, &report.budgets);
}

fn threads(stage: &Stage) -> String {
    match stage.target.threads {
        0 => String::new(),
        1 => ", 1 thread".to_string(),
        n => format!(", {n} threads"),
    }
}

fn estimated(out: &mut String, stage: &Stage) {
    let data = stage.datasets.iter().any(|d| d.facts.certainty == Certainty::Estimated);
    let tokenizer = stage.tokenizer.facts.certainty == Certainty::Estimated;
    let sampled = stage.datasets.iter().any(|d| d.facts.sampled.is_some());
    if (data && !sampled) || tokenizer {
        out.push_str("  (sizes of data or vocabulary are estimated: the files were not read)\n");
    }
    for DatasetPlan { dataset, facts } in &stage.datasets {
        if let Some(sampled) = &facts.sampled {
            let tokens: u64 = facts.splits.iter().map(|split| split.tokens).sum();
            let _ = writeln!(
                out,
                "  (tokens of {} are predicted from {} different documents: {}, with 95 % confidence {} to {}{})",
                dataset.name,
                count(sampled.documents),
                count(tokens),
                count(sampled.low),
                count(sampled.high),
                if sampled.near_duplicates {
                    "; fewer if there are near duplicates or repeated paragraphs"
                } else {
                    ""
                }
            );
        }
        for remark in &facts.remarks {
            let _ = writeln!(out, "  ({remark})");
        }
    }
}

fn memory_text(out: &mut String, stage: &Stage, memory: &Memory) {
    let _ = writeln!(out, "\n memory at the peak, in `{}` at {}", memory.program, memory.instruction);
    let mut rows: Vec<_> = [
        (Category::Weights, "weights"),
        (Category::Cache, "cache"),
        (Category::Gradients, "gradients"),
        (Category::Optimizer, "optimizer"),
        (Category::Activations, "activations"),
        (Category::Workspace, "workspace"),
        (Category::Inputs, "inputs"),
    ]
    .into_iter()
    .filter_map(|(category, name)| {
        let n = memory.breakdown.get(&category).copied().filter(|n| *n > 0)?;
        Some((name.to_string(), bytes(n), format!("{} B", count(n))))
    })
    .collect();
    rows.push(("peak".into(), bytes(stage.peak_bytes), format!("{} B, exact", count(stage.peak_bytes))));
    if memory.upper_bound > stage.peak_bytes {
        let remark = "with driver and libraries: what a budget compares".to_string();
        rows.push(("on the device".into(), bytes(memory.upper_bound), remark));
    }
    table(out, &rows);
    out.push_str("\n largest tensors alive at the peak\n");
    let rows: Vec<_> = memory
        .largest
        .iter()
        .map(|t| (t.name.clone(), bytes(t.bytes), format!("{}  {}", t.ty, t.source)))
        .collect();
    table(out, &rows);
}

/// How the hardware of a target is calibrated.
fn calibrate(target: &Target) -> String {
    match target.backend {
        Backend::Cpu => format!("regimen calibrate --threads {}", target.threads),
        Backend::Cuda => format!("regimen calibrate --hardware {}", target.hardware),
    }
}

fn work_text(out: &mut String, stage: &Stage, report: &Report) {
    out.push_str("\n work\n");
    let formula = format!("counted; {} by 6·N + 12·L·C·T", flop(report.formula_flops));
    let how = if report.calibrated {
        "calibrated".to_owned()
    } else {
        format!("from the data sheet; run `{}`", calibrate(&stage.target))
    };
    let mut rows = vec![
        ("compute".to_string(), flop(report.flops), formula),
        ("time".to_string(), duration(report.seconds), how),
        ("one step".to_string(), duration(report.step_seconds), String::new()),
    ];
    rows.extend(report.dollars.map(|d| ("cost".to_string(), dollars(d), String::new())));
    let rated = "at the device's rated power".to_string();
    rows.extend(report.joules.map(|j| ("energy".to_string(), energy(j), rated)));
    table(out, &rows);
}

fn programs_text(out: &mut String, stage: &Stage) {
    out.push_str("\n programs\n");
    let row = |p: &Program| {
        let remark = format!("{} instructions, {}", count(p.instructions.len() as u64), flop(p.flops as f64));
        (p.name.clone(), bytes(p.peak_bytes), remark)
    };
    let rows: Vec<_> = stage.programs.values().map(row).collect();
    table(out, &rows);
}

fn budgets_text(out: &mut String, budgets: &[BudgetLine]) {
    if budgets.is_empty() {
        return;
    }
    out.push_str("\n budget\n");
    let row = |line: &BudgetLine| {
        let verdict = if line.holds { "holds" } else { "exceeded" };
        let remark = format!("of {} ({:.0} %): {verdict}", line.allowed, line.ratio * 100.0);
        (line.name.clone(), line.predicted.clone(), remark)
    };
    let rows: Vec<_> = budgets.iter().map(row).collect();
    table(out, &rows);
}
