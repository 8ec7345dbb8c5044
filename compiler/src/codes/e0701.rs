//! E0701: a stage needs more than its budget allows.

use crate::experiment::{Limit, Limited};
use crate::planning::show::{bytes, count};
use regimen_base::plan::{BudgetLine, Memory, Report};
use regimen_base::program::Category;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0701"),
    title: "a stage exceeds its budget",
    page: "\
A budget is part of the program: if the plan needs more, there is no plan.

```
budget pretrain { memory <= 16 GiB/gpu }
```

The message shows what is predicted, what is allowed, what the memory is made of at the worst instant, and single changes
that would fit. Each of them was planned again before it was proposed.

The memory that a budget limits is an upper bound of what the device must hold: the plan's exact peak, the driver's
context and the libraries' own buffers.",
};

/// A single change that would fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// The field to change.
    pub field: &'static str,
    /// Its new value.
    pub value: String,
    /// What the changed stage needs.
    pub needs: String,
    /// Where the old value stands, if it was written.
    pub written: Option<Span>,
    /// What the change means, if the value does not say it.
    pub meaning: String,
}

/// A budget is exceeded.
pub fn exceeded(limit: &Limit, line: &BudgetLine, report: &Report, remedies: &[Remedy]) -> Diagnostic {
    let title = format!(
        "stage `{}` needs {} of {}, its budget allows {}",
        report.stage, line.predicted, line.name, line.allowed
    );
    let mut diagnostic = Diagnostic::error(PAGE.code, title).at(limit.span, needed(line.ratio));
    if line.name == "memory" {
        diagnostic = with_breakdown(diagnostic, &report.memory);
    }
    if line.name == "time" && !report.calibrated {
        diagnostic = diagnostic
            .because("The time is from the data sheet, because this hardware was never calibrated: run `regimen calibrate`.");
    }
    with_remedies(diagnostic, remedies, nothing_fits(limit.what))
}

/// `134 % of this is needed`, `1,312 times this is needed`.
fn needed(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{:.0} % of this is needed", (ratio * 100.0).ceil())
    } else {
        format!("{} times this is needed", count(ratio.ceil() as u64))
    }
}

/// What to do where no single change fits.
fn nothing_fits(what: Limited) -> &'static str {
    match what {
        Limited::Memory => NO_LESS_MEMORY,
        // Each step computes the same on any device, and a warmup takes its steps.
        Limited::Compute => {
            "no smaller number of steps fits; make the model, the batch or the warmup smaller, or allow more"
        }
        Limited::Time | Limited::Cost => {
            "no smaller number of steps and no other precision fits; make the model or the batch smaller, or change the hardware"
        }
    }
}

/// What to do where no single change makes the memory fit.
pub const NO_LESS_MEMORY: &str = "no single change of micro-batch, recompute, precision or sequence fits; change the model or the hardware";

/// Adds what the memory is made of at the worst instant.
pub fn with_breakdown(mut diagnostic: Diagnostic, memory: &Memory) -> Diagnostic {
    let mut parts: Vec<(&Category, &u64)> = memory.breakdown.iter().filter(|(_, b)| **b > 0).collect();
    parts.sort_by(|a, b| b.1.cmp(a.1));
    let mut list: Vec<String> =
        parts.iter().map(|(c, b)| format!("{} {}", format!("{c:?}").to_lowercase(), bytes(**b))).collect();
    let alive: u64 = parts.iter().map(|(_, b)| **b).sum();
    let beside = memory.upper_bound.saturating_sub(alive);
    if beside > 0 {
        list.push(format!("and {} for driver, libraries and what their allocator holds back", bytes(beside)));
    }
    diagnostic = diagnostic.because(format!(
        "The peak is in program `{}` at `{}`: {}.",
        memory.program,
        memory.instruction,
        list.join(", ")
    ));
    let largest: Vec<String> = memory
        .largest
        .iter()
        .take(5)
        .map(|t| match t.source.as_str() {
            "" => format!("{} {} ({})", bytes(t.bytes), t.name, t.ty),
            source => format!("{} {} ({}, {source})", bytes(t.bytes), t.name, t.ty),
        })
        .collect();
    diagnostic.because(format!("Largest tensors alive there: {}.", largest.join("; ")))
}

/// Adds the changes that would fit, and fixes for those that replace something written; `nothing` is the advice if there are none.
pub fn with_remedies(mut diagnostic: Diagnostic, remedies: &[Remedy], nothing: &str) -> Diagnostic {
    let show = |r: &Remedy| {
        let meaning = if r.meaning.is_empty() { String::new() } else { format!(" ({})", r.meaning) };
        format!("`{} = {}`{meaning} needs {}", r.field, r.value, r.needs)
    };
    let list: Vec<String> = remedies.iter().map(show).collect();
    diagnostic = match list.len() {
        0 => diagnostic.help(nothing),
        1 => diagnostic.help(format!("this change fits: {}", list[0])),
        _ => diagnostic.help(format!("any one of these changes fits: {}", list.join("; "))),
    };
    for remedy in remedies {
        if let Some(span) = remedy.written {
            diagnostic = diagnostic.fix(
                format!("set `{}` to {}", remedy.field, remedy.value),
                span,
                remedy.value.clone(),
            );
        }
    }
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::FileId;

    #[test]
    fn a_written_value_gets_a_fix_and_a_default_only_a_sentence() {
        let span = Span::new(FileId(0), 10, 12);
        let remedy = |written| Remedy {
            field: "micro_batch",
            value: "4".into(),
            needs: "3.00 GiB".into(),
            written,
            meaning: String::new(),
        };
        let base = || Diagnostic::error(PAGE.code, "x");
        assert_eq!(with_remedies(base(), &[remedy(Some(span))], "").fixes.len(), 1);
        let without = with_remedies(base(), &[remedy(None)], "");
        assert!(without.fixes.is_empty());
        let compute = with_remedies(base(), &[], nothing_fits(Limited::Compute)).help.unwrap_or_default();
        assert!(!compute.contains("hardware") && compute.contains("steps"), "{compute}");
        assert!(without.help.unwrap_or_default().contains("`micro_batch = 4` needs 3.00 GiB"));
    }

    #[test]
    fn the_parts_of_the_memory_add_up() {
        let breakdown = [(Category::Weights, 3 << 20), (Category::Gradients, 1 << 20)].into_iter().collect();
        let memory = Memory { breakdown, upper_bound: 68 << 20, ..Memory::default() };
        let told = with_breakdown(Diagnostic::error(PAGE.code, "x"), &memory).notes.remove(0);
        assert!(told.contains("weights 3.00 MiB, gradients 1.00 MiB, and 64.00 MiB for driver"), "{told}");
    }
}
