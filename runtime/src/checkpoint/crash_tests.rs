//! What remains after a failure at every single operation, and after damage of every file.

use super::testing::{FailingDisk, Memory, manifest, stage};
use super::{Best, Checkpoint, Manifest, Snapshot, Store, locate, names};
use regimen_base::Diagnostic;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

fn save(store: &Store, manifest: &Manifest, keep: u64) -> Result<(), Diagnostic> {
    let stage = stage();
    let residents = Memory::at_step(&stage, manifest.step);
    let texts = [names::TOKENIZER, names::PLAN].map(|name| (name.to_owned(), format!("text of {name}")));
    let texts = BTreeMap::from(texts);
    let snapshot = Snapshot { stage: &stage, residents: &residents, manifest, texts: &texts };
    store.save(&snapshot, keep).map(|_| ())
}

/// Restores the newest good checkpoint and checks that its tensors are those of its step.
fn restored_step(folder: &Path) -> Option<u64> {
    let store = Store::open(folder).unwrap();
    let (checkpoint, _) = store.newest_good().unwrap();
    let checkpoint = checkpoint?;
    let stage = stage();
    let mut memory = Memory::zeroed(&stage);
    checkpoint.restore(&stage, &mut memory).unwrap();
    assert_eq!(memory, Memory::at_step(&stage, checkpoint.manifest.step));
    Some(checkpoint.manifest.step)
}

fn best(step: u64) -> Manifest {
    let best = Best { step, metric: "validation.loss".into(), value: 1.0 };
    Manifest { best: Some(best), ..manifest(step) }
}

#[test]
fn after_a_failure_at_any_operation_the_old_or_the_new_checkpoint_is_whole() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        let mut operations = 0;
        loop {
            let folder = tempfile::tempdir().unwrap();
            save(&Store::open(folder.path()).unwrap(), &best(100), 1).unwrap();
            let disk = FailingDisk::after(operations, kind);
            let store = Store::on(Box::new(disk.clone()), folder.path()).unwrap();
            let outcome = save(&store, &best(200), 1);
            let step = restored_step(folder.path()).unwrap();
            match &outcome {
                Ok(()) => assert_eq!(step, 200),
                // The new one may already have its name when the failure hits what comes after it.
                Err(_) => assert!(step == 100 || step == 200),
            }
            assert_eq!(
                locate(&folder.path().join("last")).unwrap(),
                folder.path().join(format!("step-{step:08}"))
            );
            assert!(Store::named(folder.path(), "best").is_ok());
            assert!(leftovers(folder.path()).is_empty());
            if !disk.exhausted() {
                break;
            }
            operations += 1;
        }
        assert!(operations > 20, "{operations} operations only: does the disk count?");
    }
}

fn leftovers(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    let folders = names.filter(|e| e.path().is_dir()).map(|e| e.file_name().into_string().unwrap());
    folders.filter(|n| n.starts_with(".tmp-")).collect()
}

#[test]
fn a_full_disk_is_named_and_says_that_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FailingDisk::after(4, ErrorKind::StorageFull);
    let store = Store::on(Box::new(disk), folder.path()).unwrap();
    let error = save(&store, &manifest(1), 1).unwrap_err();
    assert_eq!(error.code.0, "E0950");
    assert!(error.title.contains("the disk is full"), "{}", error.title);
}

#[test]
fn damage_of_any_file_falls_back_to_the_older_checkpoint() {
    for name in [names::WEIGHTS, names::OPTIMIZER, names::TOKENIZER, names::PLAN, names::MANIFEST] {
        for damage in [flip, truncate, remove, lengthen] {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path()).unwrap();
            save(&store, &manifest(100), 3).unwrap();
            save(&store, &manifest(200), 3).unwrap();
            damage(&folder.path().join("step-00000200").join(name));
            let (checkpoint, warnings) = store.newest_good().unwrap();
            assert_eq!(checkpoint.unwrap().manifest.step, 100);
            assert_eq!(warnings.len(), 1);
            assert_eq!(warnings[0].code.0, "E0951");
            assert!(warnings[0].title.contains(name), "{}", warnings[0].title);
            assert!(folder.path().join("damaged-step-00000200").is_dir());
            assert_eq!(restored_step(folder.path()), Some(100));
            // The same step can be written again.
            save(&store, &manifest(200), 3).unwrap();
            assert_eq!(restored_step(folder.path()), Some(200));
        }
    }
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn truncate(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() - 2]).unwrap();
}

fn lengthen(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes.push(b'}');
    std::fs::write(path, bytes).unwrap();
}

fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

#[test]
fn pruning_keeps_the_newest_the_best_and_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    for step in 1..=6 {
        save(&store, &Manifest { step, ..best(2) }, 2).unwrap_or_default();
    }
    assert_eq!(store.steps(), [2, 5, 6]);
    assert_eq!(std::fs::read_to_string(folder.path().join("last")).unwrap(), "step-00000006\n");
    assert_eq!(std::fs::read_to_string(folder.path().join("best")).unwrap(), "step-00000002\n");
}

#[test]
fn saving_a_step_again_replaces_its_manifest_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    save(&store, &manifest(7), 1).unwrap();
    let weights = folder.path().join("step-00000007").join(names::WEIGHTS);
    let before = std::fs::metadata(&weights).unwrap().modified().unwrap();
    save(&store, &Manifest { finished: true, ..manifest(7) }, 1).unwrap();
    assert_eq!(std::fs::metadata(&weights).unwrap().modified().unwrap(), before);
    let checkpoint = store.newest_good().unwrap().0.unwrap();
    assert!(checkpoint.manifest.finished);
    assert_eq!(restored_step(folder.path()), Some(7));
}

#[test]
fn weights_are_written_in_full_precision_and_rounded_when_loaded() {
    let folder = tempfile::tempdir().unwrap();
    save(&Store::open(folder.path()).unwrap(), &manifest(3), 1).unwrap();
    let path = folder.path().join("step-00000003").join(names::WEIGHTS);
    let bytes = std::fs::read(path).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("a").unwrap().dtype(), safetensors::Dtype::F32);
    assert_eq!(tensors.len(), 2, "masters appear under the weight's own name only");
}

#[test]
fn a_checkpoint_of_another_shape_is_refused_with_the_names() {
    let folder = tempfile::tempdir().unwrap();
    save(&Store::open(folder.path()).unwrap(), &manifest(3), 1).unwrap();
    let mut other = stage();
    other.residents[2].ty.shape = vec![3].into();
    other.residents[0].name = "c".into();
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let error = checkpoint.restore(&other, &mut Memory::zeroed(&other)).unwrap_err();
    assert_eq!(error.code.0, "E0964");
    assert!(error.notes[0].contains("`c`") && error.notes[1].contains("b: [2] instead of [3]"));
}

#[test]
fn pointers_cannot_lead_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("last"), "../../etc\n").unwrap();
    assert_eq!(locate(folder.path()).unwrap_err().code.0, "E0952");
}
