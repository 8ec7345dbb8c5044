//! What an operation sees of the instruction it executes.

use crate::codes;
use crate::cuda::Cuda;
use crate::shim::Tensors;
use regimen_base::Diagnostic;
use regimen_base::program::{Attr, Instruction};
use tch::Tensor;

/// One instruction with its operands and results.
#[derive(Debug)]
pub struct Call<'a> {
    instruction: &'a Instruction,
    slots: &'a [Option<Tensor>],
    outputs: &'a mut Vec<Tensor>,
    cuda: Option<&'a Cuda>,
}

impl<'a> Call<'a> {
    /// `slots` holds all live tensors of the program, `outputs` those allocated for this instruction.
    pub(crate) fn new(
        instruction: &'a Instruction,
        slots: &'a [Option<Tensor>],
        outputs: &'a mut Vec<Tensor>,
        cuda: Option<&'a Cuda>,
    ) -> Call<'a> {
        Call { instruction, slots, outputs, cuda }
    }

    /// The GPU that the program runs on.
    pub(crate) fn cuda(&self) -> Result<&'a Cuda, Diagnostic> {
        self.cuda.ok_or_else(|| self.malformed("runs on a GPU only"))
    }

    /// Operand `i`.
    pub(crate) fn input(&self, i: usize) -> Result<&Tensor, Diagnostic> {
        match self.optional_input(i)? {
            Some(tensor) => Ok(tensor),
            None => Err(self.malformed(&format!("has no operand {i}"))),
        }
    }

    /// Operand `i`, if the instruction has that many.
    pub(crate) fn optional_input(&self, i: usize) -> Result<Option<&Tensor>, Diagnostic> {
        let Some(id) = self.instruction.inputs.get(i) else { return Ok(None) };
        match self.slots.get(id.index()) {
            Some(Some(tensor)) => Ok(Some(tensor)),
            _ => Err(self.malformed(&format!("uses operand {i} before it exists or after it was freed"))),
        }
    }

    /// `n` operands from `first` on.
    pub(crate) fn group(&self, first: usize, n: usize) -> Result<Tensors<'_>, Diagnostic> {
        let tensors: Result<Vec<&Tensor>, Diagnostic> = (first..first + n).map(|i| self.input(i)).collect();
        Ok(Tensors::new(tensors?))
    }

    /// Number of operands.
    pub(crate) fn inputs(&self) -> usize {
        self.instruction.inputs.len()
    }

    /// Result `i`, already allocated.
    pub(crate) fn output(&self, i: usize) -> Result<&Tensor, Diagnostic> {
        self.outputs.get(i).ok_or_else(|| self.malformed(&format!("has no result {i}")))
    }

    /// Result `i`, if the instruction has that many.
    pub(crate) fn optional_output(&self, i: usize) -> Option<&Tensor> {
        self.outputs.get(i)
    }

    /// Adds the next result, of an operation that makes its own.
    pub(crate) fn push(&mut self, view: Tensor) {
        self.outputs.push(view);
    }

    pub(crate) fn int(&self, name: &str) -> Result<i64, Diagnostic> {
        match self.instruction.attrs.get(name) {
            Some(Attr::Int(value)) => Ok(*value),
            _ => Err(self.without("an integer", name)),
        }
    }

    /// A whole number may stand for a float: formats that drop `.0` are common.
    pub(crate) fn float(&self, name: &str) -> Result<f64, Diagnostic> {
        match self.instruction.attrs.get(name) {
            Some(Attr::Float(value)) => Ok(*value),
            #[allow(clippy::cast_precision_loss)]
            Some(Attr::Int(value)) => Ok(*value as f64),
            _ => Err(self.without("a number", name)),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Diagnostic> {
        match self.instruction.attrs.get(name) {
            Some(Attr::Bool(value)) => Ok(*value),
            _ => Err(self.without("a truth value", name)),
        }
    }

    /// A truth value that is false where it is not written.
    pub(crate) fn marked(&self, name: &str) -> bool {
        self.instruction.attrs.get(name) == Some(&Attr::Bool(true))
    }

    /// A list of numbers; whole ones may be written without a fraction.
    pub(crate) fn floats(&self, name: &str) -> Result<Vec<f64>, Diagnostic> {
        match self.instruction.attrs.get(name) {
            Some(Attr::Floats(values)) => Ok(values.clone()),
            #[allow(clippy::cast_precision_loss)]
            Some(Attr::Ints(values)) => Ok(values.iter().map(|n| *n as f64).collect()),
            _ => Err(self.without("a list of numbers", name)),
        }
    }

    pub(crate) fn ints(&self, name: &str) -> Result<&'a [i64], Diagnostic> {
        match self.instruction.attrs.get(name) {
            Some(Attr::Ints(values)) => Ok(values),
            _ => Err(self.without("a list of integers", name)),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Diagnostic> {
        match self.instruction.attrs.get(name) {
            Some(Attr::Text(value)) => Ok(value),
            _ => Err(self.without("a word", name)),
        }
    }

    /// A count: an integer that is not negative.
    pub(crate) fn count(&self, name: &str) -> Result<usize, Diagnostic> {
        usize::try_from(self.int(name)?).map_err(|_| self.without("a number that is not negative", name))
    }

    /// Names the instruction in what the shim reports.
    pub(crate) fn done<T>(&self, result: Result<T, String>) -> Result<T, Diagnostic> {
        result.map_err(|why| self.failed(&why))
    }

    /// Names the instruction in what libtorch reports.
    pub(crate) fn view(&self, result: Result<Tensor, tch::TchError>) -> Result<Tensor, Diagnostic> {
        result.map_err(|error| self.failed(&error.to_string()))
    }

    pub(crate) fn failed(&self, why: &str) -> Diagnostic {
        codes::instruction_failed(&self.instruction.name, &self.instruction.op, why)
    }

    pub(crate) fn malformed(&self, why: &str) -> Diagnostic {
        codes::malformed_instruction(&self.instruction.name, &self.instruction.op, why)
    }

    fn without(&self, what: &str, name: &str) -> Diagnostic {
        self.malformed(&format!("needs {what} as attribute `{name}`"))
    }
}
