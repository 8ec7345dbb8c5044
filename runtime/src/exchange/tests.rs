//! Export, import, and folders that do not fit.

use super::{Form, export, import};
use crate::checkpoint::tensors::{Entry, write_tensors};
use crate::checkpoint::testing::{Memory, manifest, stage};
use crate::checkpoint::{Checkpoint, Snapshot, Store, names};
use regimen_base::plan::{Content, FixedPadding, Plan, SpecialTokens, Stage};
use regimen_base::tensor::DType;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn checkpoint(folder: &Path) -> Checkpoint {
    checkpoint_of(stage(), folder)
}

fn checkpoint_of(stage: Stage, folder: &Path) -> Checkpoint {
    checkpoint_with(stage, folder, "{\"tokenizer\":1}")
}

fn checkpoint_with(stage: Stage, folder: &Path, tokenizer: &str) -> Checkpoint {
    let plan = Plan::new(Content { experiment: "e".into(), stages: vec![stage.clone()] }, vec![]).unwrap();
    let texts = BTreeMap::from([
        (names::PLAN.to_owned(), plan.to_json().unwrap()),
        (names::TOKENIZER.to_owned(), tokenizer.to_owned()),
        (names::TOKENIZER_CONFIG.to_owned(), "{}".to_owned()),
    ]);
    let residents = Memory::at_step(&stage, 5);
    let snapshot = Snapshot { stage: &stage, residents: &residents, manifest: &manifest(5), texts: &texts };
    Store::open(folder).unwrap().save(&snapshot, 1).unwrap();
    Checkpoint::open(folder).unwrap()
}

fn exported(root: &Path) -> PathBuf {
    let target = root.join("hf");
    export(&checkpoint(&root.join("checkpoints")), &target, Form::default()).unwrap();
    target
}

fn imported(stage: &Stage, folder: &Path) -> Result<Memory, regimen_base::Diagnostic> {
    let mut memory = Memory::zeroed(stage);
    import(stage, &mut memory, folder)?;
    Ok(memory)
}

/// Writes a model file with these tensors, all numbers 0.5.
fn model(path: &Path, tensors: &[(&str, DType, &[u64])]) {
    let entries: Vec<Entry> = tensors
        .iter()
        .map(|(name, dtype, shape)| Entry { name: (*name).into(), dtype: *dtype, shape: shape.to_vec() })
        .collect();
    let mut bytes = Vec::new();
    write_tensors(&mut bytes, &entries, None, &mut |i, out| {
        let half: &[u8] = match entries[i].dtype {
            DType::F32 => &[0, 0, 0, 0x3f],
            _ => &[0, 0x38],
        };
        Ok(out.write_all(&half.repeat((entries[i].bytes() as usize) / half.len()))?)
    })
    .unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_exported_is_imported_to_the_same_bits() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    let stage = stage();
    let (memory, original) = (imported(&stage, &folder).unwrap(), Memory::at_step(&stage, 5));
    assert_eq!(memory.0[..3], original.0[..3], "weight, its master, and the other weight");
    assert_eq!(std::fs::read_to_string(folder.join("tokenizer.json")).unwrap(), "{\"tokenizer\":1}");
    assert_eq!(std::fs::read_to_string(folder.join("config.json")).unwrap(), "{\n  \"n_layer\": 1\n}\n");
}

#[test]
fn the_exported_file_has_their_names_shapes_and_format() {
    let root = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(exported(root.path()).join("model.safetensors")).unwrap();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(metadata.metadata().as_ref().unwrap()["format"], "pt");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let a = tensors.tensor("transformer.a").unwrap();
    assert_eq!(a.shape(), [3, 2]);
    // Ours is [[6, 2, 3], [4, 5, 6.000001]]; the second number of the transpose is 4.
    assert_eq!(a.data()[4..8], 4.0_f32.to_le_bytes());
}

#[test]
fn a_tensor_kept_as_two_summands_is_written_as_their_sum() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = stage();
    stage.model.exchange.tensors[1].plus = Some("b".to_owned());
    let target = root.path().join("hf");
    export(&checkpoint_of(stage.clone(), &root.path().join("checkpoints")), &target, Form::default())
        .unwrap();
    let bytes = std::fs::read(target.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |bytes: &[u8]| crate::checkpoint::convert::to_f64(DType::F32, bytes);
    let doubled: Vec<f64> = numbers(&Memory::at_step(&stage, 5).0[2]).iter().map(|n| 2.0 * n).collect();
    assert_eq!(numbers(tensors.tensor("transformer.b").unwrap().data()), doubled);
}

#[test]
fn other_heads_are_passed_over_and_norms_may_have_their_older_names() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    let mut stage = stage();
    stage.model.exchange.tensors[1].theirs = "bert.LayerNorm.weight".to_owned();
    stage.model.exchange.spare = vec!["bert.pooler.".to_owned()];
    let tensors: &[(&str, DType, &[u64])] = &[
        ("transformer.a", DType::F32, &[3, 2]),
        ("bert.LayerNorm.gamma", DType::F32, &[2]),
        ("bert.pooler.dense.weight", DType::F32, &[7]),
        ("cls.decoder.weight", DType::F32, &[3, 2]),
    ];
    model(&folder.join("model.safetensors"), tensors);
    assert_eq!(imported(&stage, &folder).unwrap().0[2], 0.5_f32.to_le_bytes().repeat(2));
    // A decoder that is not the embedding is another model's.
    let other: &[(&str, DType, &[u64])] = &[("cls.decoder.weight", DType::F32, &[2, 2])];
    model(&folder.join("model.safetensors"), &[&tensors[..3], other].concat());
    assert!(imported(&stage, &folder).unwrap_err().notes[0].contains("`cls.decoder.weight`"));
}

#[test]
fn nothing_is_overwritten() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    let error =
        export(&Checkpoint::open(&root.path().join("checkpoints")).unwrap(), &folder, Form::default())
            .unwrap_err();
    assert_eq!(error.code.0, "E0961");
    assert!(error.title.contains("exists already"));
}

#[test]
fn names_without_prefix_shards_and_half_precision_are_understood() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    model(&folder.join("one.safetensors"), &[("a", DType::F16, &[3, 2])]);
    model(&folder.join("two.safetensors"), &[("b", DType::F32, &[2])]);
    let index = "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}";
    std::fs::write(folder.join("model.safetensors.index.json"), index).unwrap();
    let memory = imported(&stage(), &folder).unwrap();
    assert_eq!(memory.0[1], 0.5_f32.to_le_bytes().repeat(6));
    assert_eq!(memory.0[0], half::bf16::from_f32(0.5).to_le_bytes().repeat(6));
}

#[test]
fn everything_that_does_not_fit_is_listed_at_once() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    let tensors: &[(&str, DType, &[u64])] = &[
        ("transformer.a", DType::F32, &[2, 3]),
        ("transformer.h.0.attn.bias", DType::F32, &[1]),
        ("lm_head.weight", DType::F32, &[2]),
        ("other", DType::F32, &[1]),
    ];
    model(&folder.join("model.safetensors"), tensors);
    let error = imported(&stage(), &folder).unwrap_err();
    assert_eq!(error.code.0, "E0960");
    assert_eq!(
        error.notes,
        [
            "Missing: `transformer.b`.",
            "Not part of the model: `lm_head.weight`, `other`.",
            "Wrong shape or type: `transformer.a: [2, 3] instead of [3, 2]`."
        ]
    );
}

#[test]
fn another_configuration_is_refused_with_its_differences() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    std::fs::write(folder.join("config.json"), "{\"n_layer\": 2}").unwrap();
    let error = imported(&stage(), &folder).unwrap_err();
    assert!(error.notes[0].contains("`n_layer` is 2 there and 1 in the model that is computed"));
}

#[test]
fn a_missing_model_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    assert_eq!(imported(&stage(), &folder).unwrap_err().code.0, "E0961");
}

#[test]
fn a_model_in_several_files_is_imported_to_the_same_bits() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("hf");
    let form = Form { shard: 8, ..Form::default() };
    let written = export(&checkpoint(&root.path().join("checkpoints")), &target, form).unwrap();
    assert_eq!((written.files, written.tensors), (2, 2));
    assert!(!target.join("model.safetensors").exists());
    assert!(target.join("model-00002-of-00002.safetensors").is_file());
    let stage = stage();
    assert_eq!(imported(&stage, &target).unwrap().0[..3], Memory::at_step(&stage, 5).0[..3]);
}

#[test]
fn all_that_is_wrong_with_an_index_is_listed() {
    let root = tempfile::tempdir().unwrap();
    let folder = exported(root.path());
    std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    model(&folder.join("one.safetensors"), &[("a", DType::F32, &[3, 2]), ("c", DType::F32, &[1])]);
    model(&folder.join("two.safetensors"), &[("a", DType::F32, &[3, 2])]);
    let refused = |map: serde_json::Value, total: u64| {
        let index = serde_json::json!({"metadata": {"total_size": total}, "weight_map": map});
        std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
        imported(&stage(), &folder).unwrap_err()
    };
    let map = serde_json::json!({
        "a": "one.safetensors", "b": "two.safetensors", "d": "three.safetensors", "e": "../checkpoints/x.safetensors",
    });
    let error = refused(map, 0);
    assert_eq!(error.code.0, "E0961");
    assert!(error.title.contains("5 things"), "{}", error.title);
    let told = error.notes.join("\n");
    for what in [
        "`../checkpoints/x.safetensors` outside the folder",
        "The shard `three.safetensors` cannot be used",
        "`a` lies in more than one shard: `one.safetensors`, `two.safetensors`",
        "`b` does not lie in `two.safetensors`",
        "`c` lies in `one.safetensors`, of which the index does not know",
    ] {
        assert!(told.contains(what), "{told}");
    }
    model(&folder.join("two.safetensors"), &[("b", DType::F32, &[2])]);
    let map = serde_json::json!({"a": "one.safetensors", "b": "two.safetensors", "c": "one.safetensors"});
    let error = refused(map, 35);
    assert!(error.notes[0].contains("35 bytes (`total_size`), and they have 36"), "{:?}", error.notes);
}

#[test]
fn padding_changes_places_with_the_token_of_its_id_there_and_back() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = stage();
    let marks = regimen_base::data::Marks { padding: Some(1), ..Default::default() };
    stage.tokenizer.special = Some(SpecialTokens { mask: 1, marks, around: false });
    stage.model.exchange.padding = Some(FixedPadding { id: 0, weights: vec!["b".to_owned()] });
    let target = root.path().join("hf");
    let store = root.path().join("checkpoints");
    let vocab = "{\"model\":{\"vocab\":{\"x\":0,\"y\":1}}}";
    export(&checkpoint_with(stage.clone(), &store, vocab), &target, Form::default()).unwrap();
    let bytes = std::fs::read(target.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let original = Memory::at_step(&stage, 5).0[2].clone();
    assert_eq!(tensors.tensor("transformer.b").unwrap().data(), [&original[4..], &original[..4]].concat());
    assert_eq!(imported(&stage, &target).unwrap().0[2], original);
    let tokenizer = std::fs::read_to_string(target.join("tokenizer.json")).unwrap();
    let tokenizer: serde_json::Value = serde_json::from_str(&tokenizer).unwrap();
    assert_eq!(tokenizer["model"]["vocab"], serde_json::json!({"x": 1, "y": 0}));
}
