//! E0701: a stage needs more than its budget allows.

use crate::experiment::Limit;
use crate::planning::show::bytes;
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
    let mut diagnostic = Diagnostic::error(PAGE.code, title)
        .at(limit.span, format!("{:.0} % of this is needed", (line.ratio * 100.0).ceil()));
    if line.name == "memory" {
        diagnostic = with_breakdown(diagnostic, &report.memory);
    }
    if line.name == "time" && !report.calibrated {
        diagnostic = diagnostic
            .because("The time is from the data sheet, because this hardware was never calibrated: run `regimen calibrate`.");
    }
    with_remedies(diagnostic, remedies)
}

/// Adds what the memory is made of at the worst instant.
pub fn with_breakdown(mut diagnostic: Diagnostic, memory: &Memory) -> Diagnostic {
    let mut parts: Vec<(&Category, &u64)> = memory.breakdown.iter().filter(|(_, b)| **b > 0).collect();
    parts.sort_by(|a, b| b.1.cmp(a.1));
    let list: Vec<String> =
        parts.iter().map(|(c, b)| format!("{} {}", format!("{c:?}").to_lowercase(), bytes(**b))).collect();
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
        .map(|t| format!("{} {} ({}, {})", bytes(t.bytes), t.name, t.ty, t.source))
        .collect();
    diagnostic.because(format!("Largest tensors alive there: {}.", largest.join("; ")))
}

/// Adds the changes that would fit, and fixes for those that replace something written.
pub fn with_remedies(mut diagnostic: Diagnostic, remedies: &[Remedy]) -> Diagnostic {
    let show = |r: &Remedy| {
        let meaning = if r.meaning.is_empty() { String::new() } else { format!(" ({})", r.meaning) };
        format!("`{} = {}`{meaning} needs {}", r.field, r.value, r.needs)
    };
    let list: Vec<String> = remedies.iter().map(show).collect();
    diagnostic = match list.len() {
        0 => diagnostic.help("no single change of micro-batch, recompute, precision or sequence fits; change the model or the hardware"),
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
        assert_eq!(with_remedies(base(), &[remedy(Some(span))]).fixes.len(), 1);
        let without = with_remedies(base(), &[remedy(None)]);
        assert!(without.fixes.is_empty());
        assert!(without.help.unwrap_or_default().contains("`micro_batch = 4` needs 3.00 GiB"));
    }
}
