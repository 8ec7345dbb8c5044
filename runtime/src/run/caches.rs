//! Caches of generated texts among an engine's residents: there from the first program that reads them until they are released.

use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::{Resident, Role, Storage};
use regimen_base::tensor::TensorType;
use std::collections::BTreeSet;
use tch::Tensor;

/// Which residents are caches, which programs read them, and whether they are there.
#[derive(Debug)]
pub struct Caches {
    residents: Vec<(usize, TensorType)>,
    programs: BTreeSet<String>,
    /// What stands for the caches while they are not there; taken out while they are.
    empty: Vec<Tensor>,
    held: bool,
}

impl Caches {
    /// Those of a stage, none of them there yet.
    pub fn of(stage: &Stage) -> Caches {
        let all = stage.residents.iter().enumerate().filter(|(_, resident)| resident.role == Role::Cache);
        let residents: Vec<(usize, TensorType)> =
            all.map(|(index, resident)| (index, resident.ty.clone())).collect();
        let reads = |storage: &Storage| match storage {
            Storage::Resident(id) => residents.iter().any(|(index, _)| *index == id.index()),
            _ => false,
        };
        let programs = stage.programs.iter().filter(|(_, p)| p.tensors.iter().any(|t| reads(&t.storage)));
        let programs = programs.map(|(name, _)| name.clone()).collect();
        Caches { residents, programs, empty: vec![], held: false }
    }

    /// What is allocated for a resident when a stage starts: nothing for a cache.
    pub fn at_first(&self, resident: &Resident) -> TensorType {
        match resident.role {
            Role::Cache => TensorType::new(resident.ty.dtype, [0]),
            _ => resident.ty.clone(),
        }
    }

    /// Whether a program reads caches.
    pub fn reads(&self, program: &str) -> bool {
        self.programs.contains(program)
    }

    /// Allocates the caches if the program reads them and they are not there.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn hold(
        &mut self,
        program: &str,
        residents: &mut [Tensor],
        zeros: &dyn Fn(&TensorType) -> Result<Tensor, Diagnostic>,
    ) -> Result<(), Diagnostic> {
        if self.held || !self.reads(program) {
            return Ok(());
        }
        for (index, ty) in &self.residents {
            if let Some(resident) = residents.get_mut(*index) {
                self.empty.push(std::mem::replace(resident, zeros(ty)?));
            }
        }
        self.held = true;
        Ok(())
    }

    /// Frees them.
    pub fn release(&mut self, residents: &mut [Tensor]) {
        for ((index, _), empty) in self.residents.iter().zip(self.empty.drain(..)) {
            if let Some(resident) = residents.get_mut(*index) {
                *resident = empty;
            }
        }
        self.held = false;
    }
}
