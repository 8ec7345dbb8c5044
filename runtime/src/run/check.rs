//! A stage whose references all resolve: what the interpreter demands before it starts.
//!
//! Plans come from the compiler and are hashed, but they are also files. Everything that the schedule
//! names is looked up here, once, so that a bad plan is refused before the first step.

use super::{codes, rewards, tally};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::{Program, ResidentId, Role, Storage};
use regimen_base::schedule::{Action, CheckpointPolicy, Counter, Feed, Metric};
use std::collections::BTreeMap;
use std::ops::Deref;

/// Proof that a stage was checked.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    stage: &'a Stage,
    steps: u64,
    policy: Option<&'a CheckpointPolicy>,
    tokens_per_step: u64,
}

impl Deref for Checked<'_> {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        self.stage
    }
}

impl<'a> Checked<'a> {
    /// Checks a stage.
    ///
    /// # Errors
    /// Names the first thing that does not fit.
    pub fn new(stage: &'a Stage) -> Result<Checked<'a>, Diagnostic> {
        let mut checked = Checked { stage, steps: 0, policy: None, tokens_per_step: 0 };
        checked
            .stage_itself()
            .and_then(|()| checked.actions(&stage.schedule, Place::Top))
            .map_err(|what| codes::plan_not_runnable(&stage.name, what))?;
        Ok(checked)
    }

    /// The stage itself, for as long as the plan lives.
    pub fn stage(&self) -> &'a Stage {
        self.stage
    }

    /// Optimizer steps of the stage.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Tokens that one step trains on.
    pub fn tokens_per_step(&self) -> u64 {
        self.tokens_per_step
    }

    /// Whether a feed is trained on, and not only evaluated.
    pub fn trains_on(&self, feed: &str) -> bool {
        fn search(actions: &[Action], feed: &str) -> bool {
            actions.iter().any(|action| match action {
                Action::Run { feed: Some(found), .. } => found == feed,
                Action::Fresh { body } | Action::Repeat { body, .. } | Action::Every { body, .. } => {
                    search(body, feed)
                }
                _ => false,
            })
        }
        search(&self.stage.schedule, feed)
    }

    /// How many of the newest checkpoints are kept.
    pub fn keep(&self) -> u64 {
        self.policy.map_or(1, |p| p.keep)
    }

    /// The feed with this name; the checks have found it.
    pub fn feed(&self, name: &str) -> Result<&'a Feed, Diagnostic> {
        self.find_feed(name).map_err(|what| codes::plan_not_runnable(&self.stage.name, what))
    }

    /// The scalar resident with this name; the checks have found it.
    pub fn scalar(&self, name: &str) -> Result<ResidentId, Diagnostic> {
        self.find_scalar(name).map_err(|what| codes::plan_not_runnable(&self.stage.name, what))
    }

    fn stage_itself(&self) -> Result<(), String> {
        let stage = self.stage;
        if stage.mesh.ranks() != 1 {
            return Err(format!("it is for {} ranks, this version runs one", stage.mesh.ranks()));
        }
        if !is_plain(&stage.name) {
            return Err("its name cannot be a folder's name".to_owned());
        }
        if stage.feeds.iter().any(|f| f.micro_batch == 0 || f.sequence == 0 || f.batch == 0) {
            return Err("a feed has batches of no tokens".to_owned());
        }
        unique("resident", stage.residents.iter().map(|r| &*r.name))?;
        unique("feed", stage.feeds.iter().map(|f| f.name.as_str()))?;
        for (name, program) in &stage.programs {
            self.storages(name, program)?;
        }
        for resident in stage.residents.iter().filter(|r| r.role == Role::Master) {
            let weight = resident.of.and_then(|id| stage.residents.get(id.index()));
            if weight.is_none_or(|w| w.role != Role::Weight || w.ty.shape != resident.ty.shape) {
                return Err(format!("`{}` is the master of no weight", resident.name));
            }
        }
        Ok(())
    }

    fn storages(&self, name: &str, program: &Program) -> Result<(), String> {
        let missing = |t: &&regimen_base::program::Tensor| match t.storage {
            Storage::Resident(id) => {
                self.stage.residents.get(id.index()).is_none_or(|r| r.ty.dtype != t.ty.dtype)
            }
            _ => false,
        };
        match program.tensors.iter().find(missing) {
            Some(tensor) => Err(format!("`{}` of program `{name}` has no resident of its type", tensor.name)),
            None => Ok(()),
        }
    }

    fn actions(&mut self, actions: &'a [Action], place: Place) -> Result<(), String> {
        actions.iter().try_for_each(|action| self.action(action, place))
    }

    fn action(&mut self, action: &'a Action, place: Place) -> Result<(), String> {
        match action {
            Action::Fresh { body } => self.actions(body, Place::Inner),
            Action::Run { program, feed } => self.run(program, feed.as_deref(), place),
            Action::Load { .. } | Action::Finish => Ok(()),
            Action::Repeat { counter: Counter::Step, times, body } => {
                if place != Place::Top || self.steps != 0 {
                    return Err("steps are counted in two places".to_owned());
                }
                self.steps = *times;
                self.actions(body, Place::Step(1))
            }
            Action::Repeat { counter: Counter::MicroBatch, times, body } => match place {
                Place::Step(1) => self.actions(body, Place::Step(*times)),
                _ => Err("micro-batches are counted outside a step".to_owned()),
            },
            Action::Set { resident, .. } => self.find_scalar(resident).map(|_| ()),
            Action::Every { body, every, .. } => match place {
                Place::Step(_) if *every > 0 => self.actions(body, Place::Inner),
                _ => Err("an action is repeated every so many steps outside the steps".to_owned()),
            },
            Action::Report { metrics } => self.metrics(metrics),
            Action::Evaluate { program, feed, batches, metrics, classes, pairs, watch, name } => {
                let found = self.find_feed(feed)?;
                if batches.saturating_mul(found.micro_batch) < found.batch {
                    return Err(format!("evaluation `{name}` has too few batches for its feed"));
                }
                if let Some(watch) = watch
                    && !metrics.iter().any(|m| m.name == watch.metric)
                    && !(classes.is_some() && tally::METRICS.contains(&watch.metric.as_str()))
                    && !(*pairs && rewards::METRICS.contains(&watch.metric.as_str()))
                {
                    return Err(format!("evaluation `{name}` does not compute `{}`", watch.metric));
                }
                self.metrics(metrics)?;
                let program = self.find_program(program)?;
                if let Some(columns) = classes.or(pairs.then_some(2)) {
                    gives(program, found, columns)?;
                }
                self.inputs(program, found)
            }
            Action::Sample { prefill, program, .. } => {
                self.find_program(prefill)?;
                self.find_program(program).map(|_| ())
            }
            Action::Checkpoint { policy } => {
                self.policy = Some(policy);
                Ok(())
            }
        }
    }

    fn run(&mut self, name: &str, feed: Option<&str>, place: Place) -> Result<(), String> {
        let program = self.find_program(name)?;
        let Some(feed) = feed else {
            let filled = program.inputs.is_empty();
            return if filled { Ok(()) } else { Err(format!("nothing fills the inputs of `{name}`")) };
        };
        let feed = self.find_feed(feed)?;
        let Place::Step(rounds) = place else {
            return Err(format!("`{name}` takes training batches outside a step"));
        };
        if rounds.checked_mul(feed.micro_batch) != Some(feed.batch) {
            let (micro, batch) = (feed.micro_batch, feed.batch);
            return Err(format!("{rounds} micro-batches of {micro} are not a batch of {batch}"));
        }
        self.tokens_per_step += feed.batch * feed.texts() * feed.sequence;
        self.inputs(program, feed)
    }

    /// Whether a feed can fill all inputs of a program.
    fn inputs(&self, program: &Program, feed: &Feed) -> Result<(), String> {
        for input in &program.inputs {
            let tensor = program.tensors.get(input.tensor.index());
            let elements = tensor.map(|t| t.ty.elements());
            let rows = feed.micro_batch * feed.texts();
            let expected = match input.source.as_str() {
                "labels" if feed.compared.is_some() => feed.micro_batch,
                "shares" if feed.compared.is_some() => feed.micro_batch,
                "margins" if feed.compared.is_some_and(|form| form.margins) => rows,
                "rows" if feed.compared.is_some() => rows,
                "segments" if feed.compared.is_some() => rows * feed.sequence,
                "labels" | "rows" if feed.records.is_some() => feed.micro_batch,
                "segments" if feed.records.is_some() => feed.micro_batch * feed.sequence,
                "tokens" | "labels" => rows * feed.sequence,
                "segments" | "types" if feed.pairs.is_some() => feed.micro_batch * feed.sequence,
                "rows" | "follows" if feed.pairs.is_some() => feed.micro_batch,
                "pair_divisor" if feed.pairs.is_some() => 1,
                "segments" | "positions" if feed.rows.is_some() || feed.documents.is_some() => {
                    feed.micro_batch * feed.sequence
                }
                "samples" => rows,
                "divisor" => 1,
                other => return Err(format!("a feed has no `{other}`, which `{}` reads", program.name)),
            };
            if elements != Some(expected) {
                return Err(format!(
                    "`{}` of program `{}` does not fit feed `{}`",
                    input.source, program.name, feed.name
                ));
            }
        }
        Ok(())
    }

    fn metrics(&self, metrics: &[Metric]) -> Result<(), String> {
        metrics.iter().try_for_each(|m| self.find_scalar(&m.resident).map(|_| ()))
    }

    fn find_program(&self, name: &str) -> Result<&'a Program, String> {
        self.stage.programs.get(name).ok_or_else(|| format!("there is no program `{name}`"))
    }

    fn find_feed(&self, name: &str) -> Result<&'a Feed, String> {
        let feed = self.stage.feeds.iter().find(|f| f.name == name);
        feed.ok_or_else(|| format!("there is no feed `{name}`"))
    }

    fn find_scalar(&self, name: &str) -> Result<ResidentId, String> {
        let found = self.stage.residents.iter().position(|r| *r.name == *name && r.ty.elements() == 1);
        let index = found.ok_or_else(|| format!("there is no scalar resident `{name}`"))?;
        u32::try_from(index).map(ResidentId).map_err(|_| "it has too many residents".to_owned())
    }
}

/// Whether a program whose first output is counted gives so many numbers of each sample.
fn gives(program: &Program, feed: &Feed, columns: u64) -> Result<(), String> {
    let output = program.outputs.first().and_then(|id| program.tensors.get(id.index()));
    let fits = output.is_some_and(|t| t.ty.shape[..] == [feed.micro_batch, columns]);
    if fits { Ok(()) } else { Err(format!("`{}` does not give {columns} numbers a sample", program.name)) }
}

/// Where in the schedule an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the top of the schedule.
    Top,
    /// In a step, repeated so many times in it.
    Step(u64),
    /// In another body.
    Inner,
}

/// Whether a name can be a folder's name without leading anywhere else.
pub fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed)
}

fn unique<'n>(what: &str, names: impl Iterator<Item = &'n str>) -> Result<(), String> {
    let mut seen = BTreeMap::new();
    for name in names {
        if seen.insert(name, ()).is_some() {
            return Err(format!("there are two {what}s `{name}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::stage;

    fn refused(change: impl FnOnce(&mut Stage)) -> String {
        let mut stage = stage();
        change(&mut stage);
        let error = Checked::new(&stage).unwrap_err();
        assert_eq!(error.code.0, "E0958");
        error.title
    }

    #[test]
    fn the_bench_stage_is_accepted_with_its_numbers() {
        let stage = stage();
        let checked = Checked::new(&stage).unwrap();
        assert_eq!((checked.steps(), checked.tokens_per_step(), checked.keep()), (12, 4 * 8, 2));
    }

    #[test]
    fn what_does_not_resolve_is_named() {
        assert!(refused(|s| drop(s.programs.remove("update"))).contains("no program `update`"));
        assert!(refused(|s| s.feeds[1].name = "x".into()).contains("no feed `validation`"));
        assert!(refused(|s| s.feeds[0].batch = 5).contains("micro-batches of 2 are not a batch of 5"));
        assert!(refused(|s| s.name = "../x".into()).contains("name"));
        let axis = regimen_base::tensor::Axis { name: "data".into(), size: 2 };
        assert!(refused(|s| s.mesh.axes.push(axis)).contains("2 ranks"));
    }

    #[test]
    fn folder_names_lead_nowhere_else() {
        for name in ["", ".", "..", "a/b", "a\\b", ".hidden", "a\0"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("pretrain") && is_plain("sft_2.1-b") && is_plain("größe"));
    }
}
