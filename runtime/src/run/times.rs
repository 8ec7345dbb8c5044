//! Times of single instructions, program by program, for a timeline of what really happened.

use super::libtorch::Observe;
use crate::execute::{Executable, Watch};
use std::collections::BTreeMap;

/// What was measured so far; nothing unless it was asked for.
#[derive(Debug)]
pub struct Times {
    wanted: bool,
    programs: BTreeMap<String, (u64, Watch)>,
}

impl Times {
    pub fn new(observe: Observe) -> Times {
        Times { wanted: observe == Observe::Times, programs: BTreeMap::new() }
    }

    /// What the next run of a program adds its times to.
    pub fn watch(&mut self, program: &str, executable: &Executable) -> Option<&mut Watch> {
        if !self.wanted {
            return None;
        }
        if !self.programs.contains_key(program) {
            self.programs.insert(program.to_owned(), (0, Watch::timed(executable)));
        }
        let (runs, watch) = self.programs.get_mut(program)?;
        *runs += 1;
        Some(watch)
    }

    /// Mean seconds of each instruction of a program.
    pub fn seconds(&self, program: &str) -> Option<Vec<f64>> {
        let (runs, watch) = self.programs.get(program)?;
        Some(watch.times.iter().map(|time| time.as_secs_f64() / *runs as f64).collect())
    }
}
