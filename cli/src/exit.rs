//! What the process ends with.

use regimen_base::Diagnostic;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything is fine; warnings and notes do not count.
    Fine,
    /// Errors were reported, or files would be formatted differently.
    Errors,
    /// The command line was wrong.
    Usage,
    /// The only errors are budgets that the plan exceeds.
    Budget,
}

/// Codes that mean: sound, but more than is allowed or there.
const BUDGETS: [&str; 2] = ["E0701", "E0702"];

impl Exit {
    /// How a command ends that reported these.
    pub fn of(diagnostics: &[Diagnostic]) -> Exit {
        let mut errors = diagnostics.iter().filter(|d| d.is_error()).peekable();
        if errors.peek().is_none() {
            Exit::Fine
        } else if errors.all(|d| BUDGETS.contains(&d.code.0)) {
            Exit::Budget
        } else {
            Exit::Errors
        }
    }

    /// Of two parts of a command, the end that matters more.
    pub fn and(self, other: Exit) -> Exit {
        let weight = |exit| match exit {
            Exit::Fine => 0,
            Exit::Budget => 1,
            Exit::Errors => 2,
            Exit::Usage => 3,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            Exit::Errors => 1,
            Exit::Usage => 2,
            Exit::Budget => 3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::Code;

    #[test]
    fn budgets_alone_are_told_apart() {
        let budget = Diagnostic::error(Code("E0701"), "");
        let other = Diagnostic::error(Code("E0301"), "");
        let warning = Diagnostic::warning(Code("E0301"), "");
        assert_eq!(Exit::of(std::slice::from_ref(&warning)), Exit::Fine);
        assert_eq!(Exit::of(&[budget.clone(), warning]), Exit::Budget);
        assert_eq!(Exit::of(&[budget, other]), Exit::Errors);
    }

    #[test]
    fn the_worse_end_counts() {
        assert_eq!(Exit::Budget.and(Exit::Errors), Exit::Errors);
        assert_eq!(Exit::Budget.and(Exit::Fine), Exit::Budget);
    }
}
