//! A stage reduced to what scoring needs: the weights, in the precision of the forward pass.

use super::SCORE;
use crate::run::codes;
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::{Program, Resident, ResidentId, Role, Storage};
use regimen_base::tensor::Mesh;
use std::collections::BTreeMap;

/// The stage with its program [`SCORE`] and its weights only; no optimizer state, no gradients, no
/// schedule.
///
/// # Errors
/// If the stage has no such program, or the program reads anything but weights.
pub fn scoring_stage(stage: &Stage) -> Result<Stage, Diagnostic> {
    let missing = || codes::generation_failed(format!("stage `{}` has no program `{SCORE}`", stage.name));
    let mut program = stage.programs.get(SCORE).cloned().ok_or_else(missing)?;
    let (residents, ids) = weights(stage);
    renumber(&mut program, &ids)?;
    let dropped = bytes(&stage.residents, &stage.mesh) - bytes(&residents, &stage.mesh);
    program.start_bytes -= dropped;
    program.peak_bytes -= dropped;
    for instruction in &mut program.instructions {
        instruction.live -= dropped;
        instruction.peak -= dropped;
    }
    Ok(Stage {
        residents,
        peak_bytes: program.peak_bytes,
        // Less than that of the whole stage; how much less nobody has computed.
        reserved_bytes: 0,
        programs: BTreeMap::from([(SCORE.to_owned(), program)]),
        schedule: vec![],
        feeds: vec![],
        ..stage.clone()
    })
}

fn bytes(residents: &[Resident], mesh: &Mesh) -> u64 {
    residents.iter().map(|resident| resident.ty.local_bytes(mesh)).sum()
}

/// The weights, and for each of their old ids the new one.
fn weights(stage: &Stage) -> (Vec<Resident>, BTreeMap<ResidentId, ResidentId>) {
    let old = (0..).map(ResidentId).zip(&stage.residents).filter(|(_, r)| r.role == Role::Weight);
    let pairs = old.zip((0..).map(ResidentId)).map(|((old, weight), new)| (weight.clone(), (old, new)));
    pairs.unzip()
}

fn renumber(program: &mut Program, ids: &BTreeMap<ResidentId, ResidentId>) -> Result<(), Diagnostic> {
    for tensor in &mut program.tensors {
        if let Storage::Resident(old) = tensor.storage {
            let new = ids.get(&old).ok_or_else(|| {
                codes::generation_failed(format!("`{}` is read for scoring and is no weight", tensor.name))
            })?;
            tensor.storage = Storage::Resident(*new);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::stage;
    use regimen_base::program::{Category, Tensor};

    fn reading(resident: u32) -> Stage {
        let mut stage = stage();
        // A scalar before the weight, so that its number changes.
        stage.residents.rotate_right(1);
        let ty = stage.residents[resident as usize].ty.clone();
        let storage = Storage::Resident(ResidentId(resident));
        let tensor = Tensor { name: "read".into(), ty, storage, category: Category::Weights };
        stage.programs.get_mut(SCORE).unwrap().tensors.push(tensor);
        stage
    }

    #[test]
    fn only_weights_stay_and_references_follow_them() {
        let scoring = scoring_stage(&reading(1)).unwrap();
        assert_eq!(scoring.residents.len(), 1);
        assert_eq!(scoring.residents[0].name, "w");
        let last = scoring.programs[SCORE].tensors.last().unwrap();
        assert_eq!(last.storage, Storage::Resident(ResidentId(0)));
        assert_eq!(scoring.programs.len(), 1);
    }

    #[test]
    fn a_program_that_reads_more_is_refused() {
        let error = scoring_stage(&reading(2)).unwrap_err();
        assert!(error.title.contains("`read` is read for scoring"));
    }
}
