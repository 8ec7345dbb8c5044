//! The executor: results of a small program, its memory after every instruction, and what it says about wrong plans.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::result_large_err)]

mod common;

use common::{start, ty};
use regimen_base::program::{
    Attr, Attrs, Category, Input, Instruction, Program, ResidentId, Storage, Tensor as Planned, TensorId, few,
};
use regimen_base::tensor::DType;
use regimen_runtime::execute::{Executable, Watch};
use regimen_runtime::library;
use tch::{Kind, Tensor};

fn instruction(
    op: &str,
    inputs: &[u32],
    outputs: &[u32],
    frees: &[u32],
    live: u64,
    peak: u64,
) -> Instruction {
    let ids = |list: &[u32]| list.iter().map(|&i| TensorId(i)).collect();
    Instruction {
        op: op.to_owned().into(),
        name: format!("here.{op}").into(),
        attrs: Attrs::new(),
        inputs: ids(inputs),
        outputs: ids(outputs),
        in_place: Default::default(),
        frees: ids(frees),
        workspace: 0,
        live,
        peak,
        flops: 0,
        bytes: 0,
    }
}

/// x (input, [8]) → scale → (in place) scale → add to the resident → sum of both views' halves.
/// 0: resident w, 1: input x, 2: x·2, 3: 2 written over, 4: 3 + w, 5 and 6: halves of 4, 7: 5 + 6.
fn program() -> Program {
    let f32s = |n: i64| ty(DType::F32, &[n]);
    let planned = |(i, (ty, storage)): (usize, (_, Storage))| Planned {
        name: format!("t{i}").into(),
        ty,
        storage,
        category: Category::Activations,
    };
    let tensors = [
        (f32s(8), Storage::Resident(ResidentId(0))),
        (f32s(8), Storage::Input),
        (f32s(8), Storage::Fresh),
        (f32s(8), Storage::Shares(TensorId(2))),
        (f32s(8), Storage::Fresh),
        (f32s(4), Storage::Shares(TensorId(4))),
        (f32s(4), Storage::Shares(TensorId(4))),
        (f32s(4), Storage::Fresh),
    ];
    let factor = |mut i: Instruction, value: f64| {
        i.attrs.insert("factor".to_owned().into(), Attr::Float(value));
        i
    };
    let mut over = factor(instruction("scale", &[2], &[3], &[2], 64, 64), 10.0);
    over.in_place = few![(0, 0)];
    let mut split = instruction("split", &[4], &[5, 6], &[4], 64, 64);
    split.attrs.insert("dim".to_owned().into(), Attr::Int(0));
    split.attrs.insert("sizes".to_owned().into(), Attr::Ints(vec![4, 4]));
    Program {
        name: "micro_step".to_owned(),
        tensors: tensors.into_iter().enumerate().map(planned).collect(),
        inputs: vec![Input { tensor: TensorId(1), source: "x".to_owned() }],
        instructions: vec![
            factor(instruction("scale", &[1], &[2], &[1], 64, 96), 2.0),
            over,
            instruction("add", &[3, 0], &[4], &[3], 64, 96),
            split,
            instruction("add", &[5, 6], &[7], &[5, 6], 48, 80),
        ],
        outputs: vec![TensorId(7)],
        start_bytes: 64,
        peak_bytes: 96,
        peak_at: 0,
        flops: 0,
        bytes: 0,
    }
}

struct Bench {
    executable: Executable,
    residents: Vec<Tensor>,
    watch: Watch,
}

fn bench(program: Program) -> Bench {
    let before = library::memory().current;
    let residents = vec![library::full(&ty(DType::F32, &[8]), 0.5).unwrap()];
    Bench { executable: Executable::new(program).unwrap(), residents, watch: Watch::memory(before) }
}

impl Bench {
    fn run(&mut self) -> Result<Vec<Tensor>, regimen_base::Diagnostic> {
        let inputs = self.executable.allocate_inputs().unwrap();
        inputs[0].shallow_clone().copy_(&Tensor::arange(8, (Kind::Float, tch::Device::Cpu)));
        // The numbers came through a temporary that is gone by now.
        self.executable.run(&self.residents, inputs, &mut self.watch)
    }
}

#[test]
fn a_program_runs_repeatedly_with_exactly_its_planned_memory() {
    let _turn = start(2);
    let mut bench = bench(program());
    for _ in 0..3 {
        let results = bench.run().unwrap();
        let got: Vec<f32> = Vec::try_from(&results[0]).unwrap();
        assert_eq!(got, [81.0, 121.0, 161.0, 201.0]);
        drop(results);
        assert_eq!(library::memory().current - bench.watch.foreign_bytes, 32, "only the resident is left");
    }
}

#[test]
fn one_byte_of_difference_is_found_and_named() {
    let _turn = start(2);
    let mut wrong = program();
    wrong.instructions[2].workspace = 1;
    wrong.instructions[2].peak += 1;
    let error = bench(wrong).run().unwrap_err();
    assert_eq!(error.code.0, "E0904");
    assert_eq!(
        error.title,
        "program `micro_step`: bytes at the peak of instruction 2, `here.add` (add) are 96, planned 97 (-1)"
    );
    let mut wrong = program();
    wrong.instructions[0].frees.clear();
    let error = bench(wrong).run().unwrap_err();
    assert!(
        error.title.contains("alive after instruction 0, `here.scale` (scale) are 96, planned 64 (+32)"),
        "{}",
        error.title
    );
    let mut wrong = program();
    wrong.start_bytes += 4;
    assert!(
        bench(wrong)
            .run()
            .unwrap_err()
            .title
            .contains("alive before its first instruction are 64, planned 68")
    );
}

#[test]
fn a_failed_run_leaves_nothing_behind() {
    let _turn = start(2);
    let mut wrong = program();
    wrong.instructions[3].attrs.remove("sizes");
    let mut bench = bench(wrong);
    let error = bench.run().unwrap_err();
    assert_eq!(error.title, "`here.split` (split) needs a list of integers as attribute `sizes`");
    assert_eq!(library::memory().current - bench.watch.foreign_bytes, 32);
}

#[test]
fn malformed_programs_are_refused_without_a_panic() {
    let _turn = start(1);
    let refused = |change: &dyn Fn(&mut Program)| {
        let mut wrong = program();
        change(&mut wrong);
        match Executable::new(wrong) {
            Err(error) => error.code.0,
            Ok(executable) => {
                let residents = vec![library::full(&ty(DType::F32, &[8]), 0.5).unwrap()];
                let inputs = executable.allocate_inputs().unwrap();
                let mut executable = executable;
                executable.run(&residents, inputs, &mut Watch::default()).unwrap_err().code.0
            }
        }
    };
    assert_eq!(refused(&|p| p.instructions[0].op = "warp".to_owned().into()), "E0902");
    assert_eq!(refused(&|p| p.instructions[0].inputs[0] = TensorId(99)), "E0903");
    assert_eq!(refused(&|p| p.instructions[0].inputs.clear()), "E0903");
    assert_eq!(refused(&|p| p.instructions[0].inputs[0] = TensorId(7)), "E0903");
    assert_eq!(refused(&|p| p.instructions[1].in_place = few![(0, 9)]), "E0903");
    assert_eq!(refused(&|p| p.instructions[3].outputs = few![TensorId(5)]), "E0903");
    assert_eq!(refused(&|p| p.tensors[0].storage = Storage::Resident(ResidentId(4))), "E0903");
    assert_eq!(refused(&|p| p.tensors[2].ty = ty(DType::F32, &[9])), "E0901");
    assert_eq!(refused(&|p| p.inputs.clear()), "E0903");
    assert_eq!(refused(&|p| p.outputs = vec![TensorId(1)]), "E0903");
}

#[test]
fn times_are_measured_per_instruction() {
    let _turn = start(1);
    let mut bench = bench(program());
    bench.watch = Watch::timed(&bench.executable);
    bench.run().unwrap();
    assert_eq!(bench.watch.times.len(), 5);
    assert!(bench.watch.times.iter().all(|time| time.as_nanos() > 0));
}
