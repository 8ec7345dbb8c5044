//! A tiny stage, residents in plain memory, and a disk that fails on command.

use super::disk::{Disk, DurableFile, RealDisk};
use super::manifest::{FORMAT, Manifest};
use crate::run::engine::{Fill, Residents};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::ResidentId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn manifest(step: u64) -> Manifest {
    Manifest {
        format: FORMAT,
        experiment: "e".into(),
        stage: "pretrain".into(),
        plan: "hash".into(),
        numerics: "key".into(),
        machine: "cpu".into(),
        step,
        streams: BTreeMap::from([("train".to_owned(), step * 4)]),
        watched: BTreeMap::new(),
        best: None,
        stopped: false,
        finished: false,
        metrics_lines: step,
        parent: None,
        files: BTreeMap::new(),
    }
}

/// A stage with a bf16 weight and its f32 master, an f32 weight, a moment, and a scalar.
pub fn stage() -> Stage {
    let json = serde_json::json!({
        "name": "pretrain", "kind": "causal_lm",
        "model": {"name": "m", "architecture": "gpt", "parameters": 6, "context": 4, "vocab": 3,
            "exchange": {"config": {"n_layer": 1}, "defaults": {"n_layer": 12}, "prefix": "transformer.", "tensors": [
                {"ours": "a", "theirs": "transformer.a", "transposed": true},
                {"ours": "b", "theirs": "transformer.b", "transposed": false}]}},
        "target": {"hardware": "cpu", "backend": "cpu", "threads": 2},
        "mesh": {"axes": []},
        "tokenizer": {"tokenizer": {"name": "t", "type": "bytes"},
            "facts": {"vocab": 3, "end_of_text": 2, "content": "c", "certainty": "measured"}},
        "datasets": [], "feeds": [],
        "residents": [
            {"name": "a", "ty": {"dtype": "bf16", "shape": [2, 3]}, "role": "weight", "saved": true},
            {"name": "a.master", "ty": {"dtype": "f32", "shape": [2, 3]}, "role": "master", "of": 0, "saved": true},
            {"name": "b", "ty": {"dtype": "f32", "shape": [2]}, "role": "weight", "saved": true},
            {"name": "b.m", "ty": {"dtype": "f32", "shape": [2]}, "role": "moment", "of": 2, "saved": true},
            {"name": "lr", "ty": {"dtype": "f32", "shape": []}, "role": "scalar", "saved": false}],
        "programs": {}, "schedule": [], "peak_bytes": 0
    });
    serde_json::from_value(json).unwrap()
}

/// Residents in plain memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory(pub Vec<Vec<u8>>);

impl Memory {
    pub fn zeroed(stage: &Stage) -> Memory {
        let bytes = stage.residents.iter().map(|r| r.ty.elements() * r.ty.dtype.size());
        Memory(bytes.map(|n| vec![0; n as usize]).collect())
    }

    pub fn set_f32(&mut self, index: usize, values: &[f32]) {
        self.0[index] = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    }

    /// Numbers that depend on the step, in everything that a checkpoint holds.
    pub fn at_step(stage: &Stage, step: u64) -> Memory {
        let mut memory = Memory::zeroed(stage);
        let s = step as f32;
        let master = [1.0 + s, 2.0, 3.0, 4.0, 5.0, 6.000_001];
        memory.set_f32(1, &master);
        memory.0[0] = master.iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()).collect();
        memory.set_f32(2, &[s, -s]);
        memory.set_f32(3, &[s / 7.0, 0.5]);
        memory
    }
}

impl Residents for Memory {
    fn bytes(&self, resident: ResidentId) -> Result<Cow<'_, [u8]>, Diagnostic> {
        Ok(Cow::Borrowed(&self.0[resident.index()]))
    }

    fn fill(&mut self, resident: ResidentId, fill: &mut Fill) -> Result<(), Diagnostic> {
        fill(&mut self.0[resident.index()])
    }
}

/// A disk that performs the first `allowance` operations (each write of bytes is one) and then fails for
/// ever, as if the process had been killed or the disk were full: a write that fails has put down half.
#[derive(Clone, Debug)]
pub struct FailingDisk {
    allowance: Arc<AtomicU64>,
    kind: io::ErrorKind,
}

impl FailingDisk {
    pub fn after(operations: u64, kind: io::ErrorKind) -> FailingDisk {
        FailingDisk { allowance: Arc::new(AtomicU64::new(operations)), kind }
    }

    pub fn exhausted(&self) -> bool {
        self.allowance.load(Ordering::SeqCst) == 0
    }

    fn spend(&self) -> io::Result<()> {
        let spent = self.allowance.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        spent.map(|_| ()).map_err(|_| io::Error::from(self.kind))
    }
}

struct FailingFile(Box<dyn DurableFile>, FailingDisk);

impl Write for FailingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(e) = self.1.spend() {
            self.0.write_all(&bytes[..bytes.len() / 2])?;
            return Err(e);
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl DurableFile for FailingFile {
    fn sync(&mut self) -> io::Result<()> {
        self.1.spend()?;
        self.0.sync()
    }
}

impl Disk for FailingDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        self.spend()?;
        Ok(Box::new(FailingFile(RealDisk.create(path)?, self.clone())))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.spend()?;
        RealDisk.make_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.spend()?;
        RealDisk.sync_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.spend()?;
        RealDisk.rename(from, to)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.spend()?;
        RealDisk.remove_folder(path)
    }
}
