//! From a file name to checked experiments and their plans, and everything that is to be said about them.

use crate::arguments::Changes;
use crate::codes::{e0810, e0812, e0815, e0816};
use crate::files;
use crate::output::Terminal;
use crate::progress::DataProgress;
use crate::render::Batch;
use crate::world::{Effort, Folder, folder_of};
use regimen_base::plan::{Content, Plan, Report};
use regimen_base::{Diagnostic, Label, Severity, diagnostic::any_errors};
use regimen_compiler::front::{Alternative, Front, News, Options, Planned, PlannedStage, load};
use regimen_compiler::planning::{self, Outcome};
use regimen_data::Place;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// More bytes than the grammar accepts, so that its message is the one that is seen.
const LARGEST: u64 = 16 << 20;

/// A loaded file: what it declares, and what was found wrong so far.
#[derive(Debug)]
pub struct Project<'a> {
    /// The experiment's file as the user wrote it.
    pub file: &'a Path,
    /// The experiment's folder as the user wrote it.
    pub folder: &'a Path,
    /// What the files declare.
    pub front: Front,
    /// Variants that are checked although nobody chose them.
    alternatives: Vec<Alternative>,
    /// What was said about it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Which variants are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variants {
    /// The chosen one, if any.
    Chosen,
    /// Without a choice, names and values of all of them; none is planned.
    Named,
    /// Without a choice, all of them.
    Every,
}

/// What came of planning one experiment, and the assertions that it breaks.
struct Judged {
    outcome: Outcome,
    asserts: Vec<Diagnostic>,
}

impl Judged {
    fn into_diagnostics(self) -> Vec<Diagnostic> {
        let Judged { mut outcome, asserts } = self;
        let diagnostics = std::mem::take(&mut outcome.diagnostics);
        // The process ends with its check: giving back the plan's thousands of small pieces is time for nobody.
        std::mem::forget(outcome);
        diagnostics.into_iter().chain(asserts).collect()
    }
}

/// Loads an experiment, or of its stages only the one that is asked for.
///
/// # Errors
/// If the file itself cannot be read.
pub fn open<'a>(
    file: &'a Path,
    changes: &Changes,
    effort: Effort,
    variants: Variants,
    stage: Option<&str>,
    terminal: Terminal,
) -> Result<Project<'a>, Batch> {
    let bare = |diagnostic| Batch::bare(vec![diagnostic]);
    if file.extension().is_some_and(|ending| ending == "json") {
        return Err(bare(e0812::not_an_experiment(file)));
    }
    let text = files::read(file, LARGEST).map_err(bare)?;
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "its name is not Unicode");
        return Err(bare(e0810::unreadable(file, &error)));
    };
    let folder = folder_of(file);
    let place = Place { outside: changes.allow_outside, ..Place::new(folder) };
    let folder_with = |effort| {
        let progress = Box::new(DataProgress::new(terminal));
        Folder::new(place.clone(), name, text.clone(), effort, progress)
    };
    let world = folder_with(effort);
    let (set, variant) = (changes.set.clone(), changes.variant.clone());
    let options = Options { set, variant, stage: stage.map(str::to_owned) };
    let (front, mut diagnostics) = load(&world, name, &options);
    let mut alternatives = vec![];
    match variants {
        Variants::Chosen => {}
        Variants::Named => {
            // Nothing is prepared for what is not asked for, and what is only doubtful there is left to `check`.
            let (_, found) = front.alternatives(&folder_with(Effort::Cached), &diagnostics);
            diagnostics.extend(found.into_iter().filter(Diagnostic::is_error));
        }
        Variants::Every => {
            let (all, found) = front.alternatives(&world, &diagnostics);
            diagnostics.extend(found);
            alternatives = all;
        }
    }
    Ok(Project { file, folder, front, alternatives, diagnostics })
}

impl Project<'_> {
    /// Plans every experiment of the file (one per member of its sweeps) and judges budgets and assertions. What is
    /// found is added to the diagnostics; there are plans only if nothing is wrong.
    pub fn plan(&mut self) -> Vec<Plan> {
        let mut plans = vec![];
        let judged = self.outcomes();
        self.diagnostics.extend(judged.iter().flat_map(|j| j.asserts.iter().cloned()));
        for Judged { outcome, .. } in judged {
            let (plan, found) = outcome.plan();
            self.diagnostics.extend(found);
            plans.extend(plan);
        }
        if any_errors(&self.diagnostics) { vec![] } else { plans }
    }

    /// As [`Project::plan`], for those who only want to know what is wrong.
    pub fn check(&mut self) {
        // One after the other: a second thread would take new memory page by page, and the two would not be done sooner.
        let (of_file, of_variants) = (self.outcomes(), self.of_variants());
        let mut found: Vec<Diagnostic> = of_file.into_iter().flat_map(Judged::into_diagnostics).collect();
        let known: Vec<Diagnostic> = self.diagnostics.iter().chain(&found).cloned().collect();
        let mut news = News::since(&known);
        for (variant, judged) in of_variants {
            news.add(judged.into_diagnostics(), variant);
        }
        found.append(&mut news.found);
        self.diagnostics.append(&mut found);
    }

    fn outcomes(&self) -> Vec<Judged> {
        let judge = |(index, experiment)| {
            let outcome = planning::plan(experiment, self.front.sources());
            let asserts = self.front.check_asserts(index, &planned(&outcome.reports));
            Judged { outcome, asserts }
        };
        self.front.experiments.iter().enumerate().map(judge).collect()
    }

    /// With the name of the variant.
    fn of_variants(&self) -> Vec<(&str, Judged)> {
        let mut all = vec![];
        for variant in &self.alternatives {
            for (index, experiment) in variant.experiments.iter().enumerate() {
                let outcome = planning::plan(experiment, self.front.sources());
                let asserts = self.front.check_asserts_of(variant, index, &planned(&outcome.reports));
                all.push((variant.name.as_str(), Judged { outcome, asserts }));
            }
        }
        all
    }

    /// As [`Project::plan`], for those who need a plan: that there is nothing to plan is a mistake too.
    pub fn plan_something(&mut self) -> Vec<Plan> {
        let plans = self.plan();
        if !any_errors(&self.diagnostics) && plans.iter().all(|plan| plan.content.stages.is_empty()) {
            self.diagnostics.push(e0816::no_stages(self.file));
        }
        plans
    }

    /// Everything that is to be said, ready to be shown: in the order of the text, notes last.
    pub fn into_batch(self) -> Batch {
        let mut diagnostics = merged(self.diagnostics);
        diagnostics.sort_by_key(|d| {
            let place = d.labels.iter().find(|l| l.primary).map(|l| (l.span.file, l.span.start));
            (d.severity == Severity::Note, place)
        });
        Batch::new(self.front.sources(), self.folder, diagnostics)
    }
}

/// The same thing said of several places is said once, with all places: a missing file is missing for every declaration
/// that reads it.
fn merged(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = vec![];
    // By their titles, so that many mistakes do not take the square of their time.
    let mut by_title: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for diagnostic in diagnostics {
        // Without a note, equal words may still be about different things: an unknown field in two places.
        let known = by_title.entry(diagnostic.title.clone()).or_default();
        let same = |d: &Diagnostic| {
            let what = |d: &Diagnostic| (d.code, d.severity, d.notes.clone(), d.help.clone());
            d.fixes == diagnostic.fixes && what(d) == what(&diagnostic)
        };
        let first = known.iter().copied().filter(|_| !diagnostic.notes.is_empty());
        let first = first.into_iter().find(|index| kept.get(*index).is_some_and(same));
        if first.is_none() && !diagnostic.notes.is_empty() {
            known.push(kept.len());
        }
        match first.and_then(|index| kept.get_mut(index)) {
            Some(first) => {
                first.labels.extend(diagnostic.labels.into_iter().map(|l| Label { primary: false, ..l }))
            }
            None => kept.push(diagnostic),
        }
    }
    kept
}

/// What assertions may ask of a plan. Memory is what budgets compare.
fn planned(reports: &[Report]) -> Planned {
    let stage = |report: &Report| PlannedStage {
        name: report.stage.clone(),
        flops: report.flops,
        memory: report.memory.upper_bound,
        seconds: report.seconds,
        dollars: report.dollars,
        joules: report.joules,
    };
    Planned { stages: reports.iter().map(stage).collect() }
}

/// A plan of one stage only, or the whole plan if none is named.
///
/// # Errors
/// If there is no such stage.
pub fn only(plan: Plan, stage: Option<&str>) -> Result<Plan, Diagnostic> {
    let Some(name) = stage else { return Ok(plan) };
    let Plan { content, reports, .. } = plan;
    let (kept, dropped): (Vec<_>, Vec<_>) = content.stages.into_iter().partition(|s| s.name == name);
    if kept.is_empty() {
        return Err(e0815::unknown(name, dropped.iter().map(|s| s.name.as_str())));
    }
    let content = Content { stages: kept, ..content };
    let reports = reports.into_iter().filter(|r| r.stage == name).collect();
    Plan::new(content, reports).map_err(|e| regimen_compiler::codes::e0801::not_expressible(&e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::{Code, FileId, Span};

    #[test]
    fn what_several_declarations_suffer_from_is_said_once() {
        let at = |start, note| {
            let diagnostic = Diagnostic::error(Code("E0550"), "no file matches");
            let diagnostic = diagnostic.at(Span::new(FileId(0), start, start + 1), "");
            if note { diagnostic.because("It is empty.") } else { diagnostic }
        };
        let merged_labels = |all| merged(all).iter().map(|d| d.labels.len()).collect::<Vec<_>>();
        assert_eq!(merged_labels(vec![at(5, true), at(9, true)]), [2]);
        assert_eq!(merged_labels(vec![at(5, false), at(9, false)]), [1, 1]);
    }
}
