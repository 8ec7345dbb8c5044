//! A plan made by hand: a bigram model, whose logits for the next token are one row of a table.
//!
//! The smallest stage with everything that a run needs. Byte counts are computed as the compiler's placement
//! does: no operation here has temporary memory, so they follow from lifetimes alone.

use regimen_base::data::{Dataset, Format, Share, Source, Split, TextDocument, Tokenizer, TokenizerKind};
use regimen_base::plan::{Content, DatasetPlan, Plan, Stage, TokenizerPlan};
use regimen_base::program::{
    Attr, Category, Input, Instruction, Program, ResidentId, Role, Storage, Tensor, TensorId, few,
};
use regimen_base::tensor::{DType, TensorType};
use regimen_data::{NoProgress, Place};
use serde_json::json;
use std::collections::BTreeMap;

pub const STEPS: u64 = 40;
const SEQUENCE: u64 = 16;
const MICRO: u64 = 3;
const ACCUMULATE: u64 = 2;
const EVALUATED: u64 = 7;

/// A plan over the text files of a folder.
pub fn plan(place: &Place) -> Plan {
    let tokenizer =
        Tokenizer { name: "letters".into(), kind: TokenizerKind::Chars { train_on: "text".into() } };
    let dataset = dataset();
    let facts = regimen_data::facts(place, &tokenizer, Some(&dataset), &dataset, &mut NoProgress).unwrap();
    let vocab = facts.tokenizer.vocab;
    let tokenizer =
        TokenizerPlan { tokenizer, train_on: Some(dataset.clone()), facts: facts.tokenizer, special: None };
    let datasets = vec![DatasetPlan { dataset, facts: facts.dataset }];
    let mut stage: Stage = serde_json::from_value(json!({
        "name": "pretrain", "kind": "causal_lm",
        "model": {"name": "bigram", "architecture": "table", "parameters": vocab * vocab, "context": SEQUENCE,
            "vocab": vocab, "exchange": {"config": {}, "tensors": [{"ours": "table", "theirs": "table", "transposed": true}]}},
        "target": {"hardware": "cpu", "backend": "cpu", "threads": 2},
        "mesh": {"axes": []}, "tokenizer": tokenizer, "datasets": datasets,
        "feeds": [
            {"name": "train", "dataset": "text", "split": "train", "sequence": SEQUENCE, "batch": MICRO * ACCUMULATE, "micro_batch": MICRO, "shuffle": 42},
            {"name": "validation", "dataset": "text", "split": "validation", "sequence": SEQUENCE, "batch": EVALUATED, "micro_batch": MICRO}],
        "residents": residents(vocab), "programs": {}, "schedule": schedule(), "peak_bytes": 0
    }))
    .unwrap();
    for program in programs(&stage, vocab) {
        stage.peak_bytes = stage.peak_bytes.max(program.peak_bytes);
        stage.programs.insert(program.name.clone(), program);
    }
    Plan::new(Content { experiment: "bigram".into(), stages: vec![stage] }, vec![]).unwrap()
}

fn dataset() -> Dataset {
    let share = |numerator, denominator| Share { numerator, denominator };
    let format = Format::Text { document: TextDocument::Line };
    Dataset {
        name: "text".into(),
        sources: vec![Source {
            name: "text".into(),
            format,
            files: vec!["*.txt".into()],
            share: share(1, 1),
            cleaning: Default::default(),
            division: None,
        }],
        clean: vec![],
        mixing: None,
        splits: vec![
            Split { name: "train".into(), share: share(4, 5) },
            Split { name: "validation".into(), share: share(1, 5) },
        ],
        key: 5,
        fold: None,
        ordered_by: None,
        near_duplicates: Default::default(),
    }
}

fn residents(vocab: u64) -> serde_json::Value {
    let table = |name: &str, role: &str, saved: bool| {
        json!({"name": name, "ty": {"dtype": "f32", "shape": [vocab, vocab]}, "role": role, "saved": saved,
            "of": if role == "weight" { None } else { Some(0) }})
    };
    let scalar = |name: &str, dtype: &str| json!({"name": name, "ty": {"dtype": dtype, "shape": []}, "role": "scalar", "saved": false});
    json!([
        table("table", "weight", true),
        table("table.grad", "gradient", false),
        table("table.m", "moment", true),
        table("table.v", "moment", true),
        scalar("step", "i64"),
        scalar("learning_rate", "f32"),
        scalar("grad_norm", "f32"),
        scalar("loss_sum", "f32"),
        scalar("eval_loss_sum", "f32"),
        // The model looks at one token only: nothing reads it, and so it is never allocated.
        json!({"name": "seen", "ty": {"dtype": "f32", "shape": [1, SEQUENCE, 1, 1]}, "role": "cache", "saved": false})
    ])
}

fn schedule() -> serde_json::Value {
    let metric =
        |name: &str, resident: &str, reset: bool| json!({"name": name, "resident": resident, "reset": reset});
    let rate = json!({"learning_rate": {"decay": "cosine", "peak": 0.1, "floor": 0.01, "warmup": 4, "cooldown": 0, "steps": STEPS}});
    let sample = |key: i64| json!({"do": "sample", "prefill": "prefill", "program": "decode", "prompt": "the ", "tokens": 30, "temperature": 0.8, "key": key});
    json!([
        {"do": "fresh", "body": [{"do": "run", "program": "initialise"}, sample(1)]},
        {"do": "repeat", "counter": "step", "times": STEPS, "body": [
            {"do": "set", "resident": "step", "value": "step"},
            {"do": "set", "resident": "learning_rate", "value": rate},
            {"do": "repeat", "counter": "micro_batch", "times": ACCUMULATE, "body": [
                {"do": "run", "program": "micro_step", "feed": "train"}]},
            {"do": "run", "program": "update"},
            {"do": "report", "metrics": [metric("loss", "loss_sum", true), metric("grad_norm", "grad_norm", true)]},
            {"do": "every", "every": 10, "last": true, "body": [
                {"do": "evaluate", "name": "validation", "program": "evaluate", "feed": "validation",
                    "batches": EVALUATED.div_ceil(MICRO), "metrics": [metric("loss", "eval_loss_sum", true)],
                    "watch": {"metric": "loss", "goal": "minimise", "keep_best": true, "min_delta": 0.0}}]},
            {"do": "checkpoint", "policy": {"every": {"steps": 7}, "keep": 2}}]},
        sample(2),
        {"do": "finish"}
    ])
}

const TABLE: u32 = 0;
const GRAD: u32 = 1;

fn programs(stage: &Stage, vocab: u64) -> Vec<Program> {
    let mut initialise = Builder::new(stage, "initialise");
    let table = initialise.resident(TABLE);
    let normal = [
        ("mean", Attr::Float(0.0)),
        ("std", Attr::Float(0.02)),
        ("key", Attr::Int(99)),
        ("site", Attr::Int(0)),
    ];
    initialise.op("init_normal", &normal, &[table], None, &[]);

    let mut step = Builder::new(stage, "micro_step");
    let (tokens, labels, divisor, logits) = forward(&mut step, MICRO, vocab);
    let (loss, lse) = loss_of(&mut step, logits, labels, divisor, 7);
    let one =
        [("value", Attr::Float(1.0)), ("dtype", Attr::Text("f32".into())), ("shape", Attr::Ints(vec![]))];
    let dloss = step.op("fill", &one, &[], Some(TensorType::new(DType::F32, [])), &[loss]);
    let ty = step.ty(logits);
    let dlogits = step.in_place("cross_entropy_grad", &[dloss, logits, labels, divisor, lse], ty, 1);
    step.free_last(&[dloss, logits, labels, divisor, lse]);
    let grad = step.resident(GRAD);
    step.op("embedding_grad_accumulate", &[], &[grad, dlogits, tokens], None, &[dlogits, tokens]);

    let mut evaluate = Builder::new(stage, "evaluate");
    let (tokens, labels, divisor, logits) = forward(&mut evaluate, MICRO, vocab);
    evaluate.free_last(&[tokens]);
    let (loss, lse) = loss_of(&mut evaluate, logits, labels, divisor, 8);
    evaluate.free_last(&[loss, lse, logits, labels, divisor]);

    let mut prefill = Builder::new(stage, "prefill");
    let tokens = prefill.input("tokens", TensorType::new(DType::I64, [1, SEQUENCE]));
    let index = prefill.input("index", TensorType::new(DType::I64, [1]));
    let table = prefill.resident(TABLE);
    let rows = TensorType::new(DType::F32, [1, SEQUENCE, vocab]);
    let logits = prefill.op("embedding", &[], &[table, tokens], Some(rows), &[tokens]);
    let row = TensorType::new(DType::F32, [1, vocab]);
    let last = prefill.op("select_row", &[], &[logits, index], Some(row), &[logits, index]);
    prefill.program.outputs.push(last);

    let mut decode = Builder::new(stage, "decode");
    let token = decode.input("tokens", TensorType::new(DType::I64, [1, 1]));
    let table = decode.resident(TABLE);
    let row = TensorType::new(DType::F32, [1, 1, vocab]);
    let next = decode.op("embedding", &[], &[table, token], Some(row), &[token]);
    decode.program.outputs.push(next);

    vec![initialise, step, evaluate, prefill, decode, update(stage)]
        .into_iter()
        .map(Builder::finish)
        .collect()
}

fn update(stage: &Stage) -> Builder {
    let mut update = Builder::new(stage, "update");
    let ids: Vec<TensorId> = (0..7).map(|id| update.resident(id)).collect();
    let [table, grad, m, v, step, rate, reported] = ids[..] else { panic!("seven residents") };
    let norm = update.op("global_norm", &[], &[grad], Some(TensorType::new(DType::F32, [])), &[]);
    update.op("accumulate", &[], &[reported, norm], None, &[]);
    let float = |name, value| (name, Attr::Float(value));
    let rule = [
        ("n", Attr::Int(1)),
        ("copies", Attr::Bool(false)),
        float("beta1", 0.9),
        float("beta2", 0.99),
        float("eps", 1e-8),
        float("weight_decay", 0.0),
        float("clip", 1.0),
    ];
    update.op("adamw", &rule, &[rate, step, norm, table, grad, m, v], None, &[norm]);
    update.op("zero", &[], &[grad], None, &[]);
    update
}

fn forward(builder: &mut Builder, samples: u64, vocab: u64) -> (TensorId, TensorId, TensorId, TensorId) {
    let tokens = builder.input("tokens", TensorType::new(DType::I64, [samples, SEQUENCE]));
    let labels = builder.input("labels", TensorType::new(DType::I64, [samples, SEQUENCE]));
    let divisor = builder.input("divisor", TensorType::new(DType::F32, []));
    let table = builder.resident(TABLE);
    let rows = TensorType::new(DType::F32, [samples, SEQUENCE, vocab]);
    let logits = builder.op("embedding", &[], &[table, tokens], Some(rows), &[]);
    (tokens, labels, divisor, logits)
}

/// The loss, added to a resident sum.
fn loss_of(
    builder: &mut Builder,
    logits: TensorId,
    labels: TensorId,
    divisor: TensorId,
    sum: u32,
) -> (TensorId, TensorId) {
    let rows = builder.ty(labels).elements();
    let scalar = TensorType::new(DType::F32, []);
    let loss = builder.op("cross_entropy", &[], &[logits, labels, divisor], Some(scalar), &[]);
    let lse = builder.result(TensorType::new(DType::F32, [rows]), Storage::Fresh);
    builder.last().outputs.push(lse);
    let sum = builder.resident(sum);
    builder.op("accumulate", &[], &[sum, loss], None, &[]);
    (loss, lse)
}

/// Builds a program; byte counts come last.
struct Builder {
    program: Program,
    residents: Vec<TensorType>,
    resident_bytes: u64,
}

impl Builder {
    fn new(stage: &Stage, name: &str) -> Builder {
        let program = Program {
            name: name.into(),
            tensors: vec![],
            inputs: vec![],
            instructions: vec![],
            outputs: vec![],
            start_bytes: 0,
            peak_bytes: 0,
            peak_at: 0,
            flops: 0,
            bytes: 0,
        };
        let residents: Vec<TensorType> = stage.residents.iter().map(|r| r.ty.clone()).collect();
        let lasting = stage.residents.iter().filter(|r| r.role != Role::Cache);
        let resident_bytes = lasting.map(|r| bytes(&r.ty)).sum();
        Builder { program, residents, resident_bytes }
    }

    fn result(&mut self, ty: TensorType, storage: Storage) -> TensorId {
        let name = format!("t{}", self.program.tensors.len());
        self.program.tensors.push(Tensor { name: name.into(), ty, storage, category: Category::Activations });
        TensorId(self.program.tensors.len() as u32 - 1)
    }

    fn resident(&mut self, id: u32) -> TensorId {
        let ty = self.residents[id as usize].clone();
        self.result(ty, Storage::Resident(ResidentId(id)))
    }

    fn input(&mut self, source: &str, ty: TensorType) -> TensorId {
        let tensor = self.result(ty, Storage::Input);
        self.program.inputs.push(Input { tensor, source: source.into() });
        tensor
    }

    fn ty(&self, id: TensorId) -> TensorType {
        self.program.tensors[id.index()].ty.clone()
    }

    /// Appends an instruction; without a result type it only writes its operands, and its first input comes back.
    fn op(
        &mut self,
        op: &str,
        attrs: &[(&str, Attr)],
        inputs: &[TensorId],
        result: Option<TensorType>,
        frees: &[TensorId],
    ) -> TensorId {
        let output = result.map(|ty| self.result(ty, Storage::Fresh));
        self.program.instructions.push(Instruction {
            op: op.to_owned().into(),
            name: op.into(),
            attrs: attrs.iter().map(|(k, v)| ((*k).to_owned().into(), v.clone())).collect(),
            inputs: inputs.into(),
            outputs: output.into_iter().collect(),
            in_place: Default::default(),
            frees: frees.into(),
            workspace: 0,
            live: 0,
            peak: 0,
            flops: 0,
            bytes: 0,
        });
        output.or(inputs.first().copied()).unwrap()
    }

    fn in_place(&mut self, op: &str, inputs: &[TensorId], ty: TensorType, over: usize) -> TensorId {
        let output = self.op(op, &[], inputs, Some(ty), &[]);
        self.program.tensors[output.index()].storage = Storage::Shares(inputs[over]);
        self.last().in_place = few![(0, over as u32)];
        output
    }

    fn last(&mut self) -> &mut Instruction {
        self.program.instructions.last_mut().unwrap()
    }

    fn free_last(&mut self, ids: &[TensorId]) {
        self.last().frees.extend_from_slice(ids);
    }

    /// Bytes alive: a storage dies with the last tensor that shares it.
    fn finish(mut self) -> Program {
        let root = |tensors: &[Tensor], id: TensorId| match tensors[id.index()].storage {
            Storage::Shares(of) => of,
            _ => id,
        };
        let size = |tensors: &[Tensor], id: TensorId| match tensors[id.index()].storage {
            Storage::Resident(_) | Storage::Shares(_) => 0,
            _ => bytes(&tensors[id.index()].ty),
        };
        let program = &mut self.program;
        let tensors = program.tensors.clone();
        let mut handles: BTreeMap<TensorId, u32> = program.inputs.iter().map(|i| (i.tensor, 1)).collect();
        let mut live = self.resident_bytes + handles.keys().map(|id| size(&tensors, *id)).sum::<u64>();
        program.start_bytes = live;
        program.peak_bytes = live;
        for (index, instruction) in program.instructions.iter_mut().enumerate() {
            for id in &instruction.outputs {
                live += size(&tensors, *id);
                *handles.entry(root(&tensors, *id)).or_default() += 1;
            }
            instruction.peak = live;
            for id in &instruction.frees {
                let root = root(&tensors, *id);
                let left = handles.get_mut(&root).unwrap();
                *left -= 1;
                if *left == 0 {
                    live -= size(&tensors, root);
                }
            }
            instruction.live = live;
            if instruction.peak > program.peak_bytes {
                program.peak_bytes = instruction.peak;
                program.peak_at = index as u32;
            }
        }
        self.program
    }
}

fn bytes(ty: &TensorType) -> u64 {
    ty.elements() * ty.dtype.size()
}
