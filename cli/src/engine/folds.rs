//! The end of k-fold cross-validation: what the members of a sweep over folds came to together.
//!
//! Members belong together if their names differ in the number of the fold only. What is compared is the last evaluation of each, as it
//! stands in its metrics, so that members that an earlier process finished count as well.

use regimen_base::Diagnostic;
use regimen_base::data::Fold;
use regimen_base::plan::{Plan, Stage};
use regimen_cli::codes::e0811;
use regimen_cli::files;
use regimen_runtime::metrics::METRICS;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A stage of a member that ended well.
#[derive(Clone, Debug)]
pub struct Member {
    /// The sweep without the number of the fold.
    group: String,
    stage: String,
    fold: Fold,
    step: u64,
    /// Hash of the plan that was run.
    plan: String,
    /// Metrics by name.
    values: BTreeMap<String, f64>,
}

impl Member {
    /// What a stage came to; nothing if it is no fold or does not evaluate.
    ///
    /// # Errors
    /// If its metrics cannot be read.
    pub fn of(plan: &Plan, stage: &Stage, folder: &Path) -> io::Result<Option<Member>> {
        let folds = stage.datasets.iter().filter_map(|d| Some((&d.dataset.name, d.dataset.fold?)));
        let Some((data, fold)) = folds.into_iter().next() else { return Ok(None) };
        let numbered = format!("{data}.fold-{}", fold.number);
        let group = plan.content.experiment.replace(&numbered, &format!("{data}.fold"));
        let text = fs::read_to_string(folder.join(METRICS))?;
        let lines =
            text.lines().rev().filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
        let Some(last) = lines.into_iter().find(|line| line.contains_key("evaluation")) else {
            return Ok(None);
        };
        let step = last.get("step").and_then(Value::as_u64).unwrap_or(0);
        let metric = |(name, value): (&String, &Value)| Some((name.clone(), value.as_f64()?));
        let values = last.iter().filter(|(name, _)| !["step", "tokens"].contains(&name.as_str()));
        let values = values.filter_map(metric).collect();
        Ok(Some(Member { group, stage: stage.name.clone(), fold, step, plan: plan.hash.clone(), values }))
    }
}

/// Mean and standard deviation over the folds of one stage.
#[derive(Clone, Debug)]
pub struct Together {
    group: String,
    stage: String,
    of: u64,
    folds: Vec<Member>,
}

/// A metric: name, mean, standard deviation of the sample, and the value of each fold.
type OverFolds = (String, f64, f64, Vec<f64>);

/// All groups of two and more.
pub fn together(members: Vec<Member>) -> Vec<Together> {
    let mut groups: Vec<Together> = vec![];
    for member in members {
        let same =
            |g: &&mut Together| g.group == member.group && g.stage == member.stage && g.of == member.fold.of;
        match groups.iter_mut().find(same) {
            Some(group) => group.folds.push(member),
            None => groups.push(Together {
                group: member.group.clone(),
                stage: member.stage.clone(),
                of: member.fold.of,
                folds: vec![member],
            }),
        }
    }
    groups.retain(|group| group.folds.len() > 1);
    groups
}

impl Together {
    /// Metrics that all folds have.
    fn metrics(&self) -> Vec<OverFolds> {
        let names: Vec<&String> = self.folds.first().map(|m| m.values.keys().collect()).unwrap_or_default();
        let of = |name: &&String| {
            let values: Vec<f64> = self.folds.iter().filter_map(|m| m.values.get(*name).copied()).collect();
            let (mean, deviation) = moments(&values);
            (values.len() == self.folds.len()).then(|| ((*name).clone(), mean, deviation, values))
        };
        names.iter().filter_map(of).collect()
    }

    /// A table for people.
    pub fn text(&self) -> String {
        let done = match self.folds.len() as u64 == self.of {
            true => format!("all {} folds", self.of),
            false => format!("{} of {} folds", self.folds.len(), self.of),
        };
        let mut text = format!(
            "stage {} over {done}: mean ± standard deviation of the last evaluation, then each fold\n",
            self.stage
        );
        let metrics = self.metrics();
        let width = metrics.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        for (name, mean, deviation, values) in metrics {
            let each: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
            text.push_str(&format!("  {name:<width$}  {mean:.4} ± {deviation:.4}  {}\n", each.join("  ")));
        }
        text
    }

    /// Writes the same for machines beside the runs; the file. Another result that lies there, of other plans, is kept under a number, as
    /// runs are.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, root: &Path) -> Result<PathBuf, Diagnostic> {
        let path = root.join("runs").join(format!("{}.{}.json", self.group, self.stage));
        let folds = self
            .folds
            .iter()
            .map(|m| json!({ "fold": m.fold.number, "plan": m.plan, "step": m.step, "metrics": m.values }));
        let pick = |which: fn(&OverFolds) -> f64| {
            self.metrics().iter().map(|m| (m.0.clone(), json!(which(m)))).collect::<Map<String, Value>>()
        };
        let value = json!({
            "stage": self.stage,
            "folds": self.of,
            "mean": pick(|m| m.1),
            "standard_deviation": pick(|m| m.2),
            "members": folds.collect::<Vec<_>>(),
        });
        let text = format!("{value:#}\n");
        if fs::read_to_string(&path).is_ok_and(|there| self.lacks(&there)) {
            let kept =
                (1..).map(|n: u32| path.with_extension(format!("{n}.json"))).find(|kept| !kept.exists());
            let kept = kept.unwrap_or_else(|| path.with_extension("old.json"));
            fs::rename(&path, &kept).map_err(|error| e0811::unwritable(&kept, &error))?;
        }
        files::write(&path, &text)?;
        Ok(path)
    }

    /// Whether a result that was written before tells of plans that this one does not tell of.
    fn lacks(&self, written: &str) -> bool {
        let value: Value = serde_json::from_str(written).unwrap_or_default();
        let members = value["members"].as_array();
        let here = |member: &Value| self.folds.iter().any(|m| member["plan"] == *m.plan);
        members.is_none_or(|members| !members.iter().all(here))
    }
}

/// Mean, and standard deviation of the sample (divided by n − 1).
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(group: &str, number: u64, loss: f64) -> Member {
        let values = BTreeMap::from([("loss".to_string(), loss)]);
        let fold = Fold { number, of: 3 };
        Member { group: group.into(), stage: "tell".into(), fold, step: 5, plan: "p".into(), values }
    }

    #[test]
    fn a_result_of_other_plans_is_kept_and_one_of_the_same_replaced() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("runs")).unwrap();
        let names = || {
            let all = fs::read_dir(root.path().join("runs")).unwrap();
            let mut names: Vec<String> = all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let result = |plan: &str, members: u64| {
            let of = |number| Member { plan: format!("{plan}{number}"), ..member("a", number, 1.0) };
            together((1..=members).map(of).collect()).remove(0).write(root.path()).unwrap()
        };
        result("p", 2);
        result("p", 3);
        assert_eq!(names(), ["a.tell.json"]);
        result("q", 3);
        assert_eq!(names(), ["a.tell.1.json", "a.tell.json"]);
    }

    #[test]
    fn folds_are_put_together_by_what_else_is_swept() {
        let members =
            vec![member("a", 1, 1.0), member("b", 1, 9.0), member("a", 2, 2.0), member("a", 3, 6.0)];
        let found = together(members);
        assert_eq!(found.len(), 1, "one fold alone says nothing");
        // Mean 3; squares 4 + 1 + 9 = 14 over 2.
        assert_eq!(
            found[0].text(),
            "stage tell over all 3 folds: mean ± standard deviation of the last evaluation, then each fold\n  loss  3.0000 ± 2.6458  1.0000  2.0000  6.0000\n"
        );
    }
}
