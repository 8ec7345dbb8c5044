//! Counts what is really executed: an engine around the engine, so that no caller can forget to count.

use super::engine::{Engine, Fill, HostSlice, Residents};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::ResidentId;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How often each program runs, by name.
pub type Runs = BTreeMap<String, u64>;

/// An engine that counts the runs of its programs.
pub struct Counting<'a> {
    engine: &'a mut dyn Engine,
    runs: Runs,
}

impl<'a> Counting<'a> {
    /// Around an engine; nothing has run yet.
    pub fn new(engine: &'a mut dyn Engine) -> Counting<'a> {
        Counting { engine, runs: Runs::new() }
    }

    /// Runs that came to their end.
    pub fn runs(&self) -> &Runs {
        &self.runs
    }
}

/// FLOPs of so many runs of a stage's programs.
pub fn flops(stage: &Stage, runs: &Runs) -> f64 {
    // As the compiler adds them: whole stages exceed 64 bits.
    let of = |(name, times): (&String, &u64)| {
        *times as f64 * stage.programs.get(name).map_or(0.0, |program| program.flops as f64)
    };
    runs.iter().map(of).sum()
}

impl Residents for Counting<'_> {
    fn bytes(&self, resident: ResidentId) -> Result<Cow<'_, [u8]>, Diagnostic> {
        self.engine.bytes(resident)
    }

    fn fill(&mut self, resident: ResidentId, fill: &mut Fill) -> Result<(), Diagnostic> {
        self.engine.fill(resident, fill)
    }
}

impl Engine for Counting<'_> {
    fn run(&mut self, program: &str, inputs: &[(&str, HostSlice)]) -> Result<Vec<Vec<f64>>, Diagnostic> {
        let outputs = self.engine.run(program, inputs)?;
        match self.runs.get_mut(program) {
            Some(times) => *times += 1,
            None => _ = self.runs.insert(program.to_owned(), 1),
        }
        Ok(outputs)
    }

    fn release_caches(&mut self) {
        self.engine.release_caches();
    }

    fn measured_peak(&self) -> Option<u64> {
        self.engine.measured_peak()
    }

    fn resident_growth(&self) -> Option<u64> {
        self.engine.resident_growth()
    }

    fn machine(&self) -> String {
        self.engine.machine()
    }

    fn seconds(&self, program: &str) -> Option<Vec<f64>> {
        self.engine.seconds(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{Bench, stage};

    #[test]
    fn runs_that_fail_do_not_count() {
        let stage = stage();
        let mut bench = Bench::new(&stage);
        bench.dies_after = Some(2);
        let mut engine = Counting::new(&mut bench);
        let outcomes: Vec<bool> = (0..3).map(|_| engine.run("initialise", &[]).is_ok()).collect();
        assert_eq!(outcomes, [true, true, false]);
        assert_eq!(engine.runs(), &Runs::from([("initialise".to_owned(), 2)]));
        assert_eq!(flops(&stage, engine.runs()), 2.0);
    }
}
