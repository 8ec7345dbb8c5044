//! The whole way, from bytes of a small file to a folder; and what happens with files that are wrong.

use super::testing::{HIDDEN, MLP, Made, Maker, TOKENS, flag, float, integer, integers, text, texts};
use super::*;
use crate::NoProgress;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// Imports these bytes; the folder in which `out` is.
fn import_bytes(bytes: &[u8], dtype: Dtype) -> (TempDir, Result<Imported, Fault>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.gguf");
    fs::write(&file, bytes).unwrap();
    let imported = import(&file, &folder.path().join("out"), dtype, &mut NoProgress);
    (folder, imported)
}

fn imported(made: &Maker) -> TempDir {
    let (folder, imported) = import_bytes(&made.bytes(), Dtype::F32);
    imported.unwrap();
    folder
}

fn json(folder: &TempDir, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.path().join("out").join(name)).unwrap()).unwrap()
}

/// Shape and bytes of every tensor.
fn weights(folder: &TempDir) -> BTreeMap<String, (Vec<u64>, Vec<u8>)> {
    let bytes = fs::read(folder.path().join("out/model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: BTreeMap<String, Value> = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(header["__metadata__"], serde_json::json!({"format": "pt"}));
    assert_eq!(length % 8, 0);
    let data = &bytes[8 + length..];
    let mut at = 0;
    let mut tensors = BTreeMap::new();
    for (name, entry) in header.into_iter().filter(|(name, _)| name != "__metadata__") {
        let numbers = |key: &str| serde_json::from_value::<Vec<u64>>(entry[key].clone()).unwrap();
        let (from, to) = (numbers("data_offsets")[0] as usize, numbers("data_offsets")[1] as usize);
        assert_eq!(from, at, "data lie in the order of the names, without gaps");
        at = to;
        tensors.insert(name, (numbers("shape"), data[from..to].to_vec()));
    }
    assert_eq!(at, data.len());
    tensors
}

fn values(tensor: &(Vec<u64>, Vec<u8>)) -> Vec<f32> {
    tensor.1.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

#[test]
fn every_tensor_gets_its_name_and_its_shape() {
    let folder = imported(&Maker::small());
    let tensors = weights(&folder);
    let mut expected = BTreeMap::from([
        ("model.embed_tokens.weight".to_string(), vec![TOKENS.len() as u64, HIDDEN]),
        ("model.norm.weight".to_string(), vec![HIDDEN]),
    ]);
    for layer in 0..2 {
        for (name, shape) in [
            ("input_layernorm", vec![HIDDEN]),
            ("self_attn.q_proj", vec![8, HIDDEN]),
            ("self_attn.k_proj", vec![4, HIDDEN]),
            ("self_attn.v_proj", vec![4, HIDDEN]),
            ("self_attn.o_proj", vec![HIDDEN, 8]),
            ("post_attention_layernorm", vec![HIDDEN]),
            ("mlp.gate_proj", vec![MLP, HIDDEN]),
            ("mlp.up_proj", vec![MLP, HIDDEN]),
            ("mlp.down_proj", vec![HIDDEN, MLP]),
        ] {
            expected.insert(format!("model.layers.{layer}.{name}.weight"), shape);
        }
    }
    let shapes: BTreeMap<String, Vec<u64>> =
        tensors.iter().map(|(n, (s, _))| (n.clone(), s.clone())).collect();
    assert_eq!(shapes, expected);
    let upwards: Vec<f32> = (0..32u8).map(f32::from).collect();
    assert_eq!(values(&tensors["model.layers.1.self_attn.v_proj.weight"]), upwards);
    let down: Vec<f32> = (-16..16i8).map(|q| f32::from(q) / 2.0).collect();
    assert_eq!(values(&tensors["model.layers.1.mlp.down_proj.weight"]), down.repeat(8));
}

#[test]
fn queries_and_keys_get_their_rows_back() {
    let tensors = weights(&imported(&Maker::small()));
    let rows = |name: &str| -> Vec<u64> {
        let rows = values(&tensors[name]);
        rows.chunks(HIDDEN as usize).map(|row| row[0] as u64 / HIDDEN).collect()
    };
    assert_eq!(rows("model.layers.0.self_attn.q_proj.weight"), [0, 2, 1, 3, 4, 6, 5, 7]);
    assert_eq!(rows("model.layers.1.self_attn.k_proj.weight"), [0, 2, 1, 3]);
    assert_eq!(rows("model.layers.1.self_attn.v_proj.weight"), [0, 1, 2, 3]);
}

#[test]
fn the_configuration_is_that_of_transformers() {
    let config = json(&imported(&Maker::small()), "config.json");
    for (key, expected) in [
        ("architectures", serde_json::json!(["LlamaForCausalLM"])),
        ("model_type", "llama".into()),
        ("hidden_size", 8.into()),
        ("intermediate_size", 32.into()),
        ("num_hidden_layers", 2.into()),
        ("num_attention_heads", 2.into()),
        ("num_key_value_heads", 1.into()),
        ("max_position_embeddings", 64.into()),
        ("rms_norm_eps", 1e-5.into()),
        ("rope_theta", 10000.0.into()),
        ("rope_scaling", Value::Null),
        ("tie_word_embeddings", true.into()),
        ("vocab_size", 8.into()),
        ("bos_token_id", 0.into()),
        ("eos_token_id", 1.into()),
        ("pad_token_id", Value::Null),
        ("torch_dtype", "float32".into()),
    ] {
        assert_eq!(config[key], expected, "{key}");
    }
    assert_eq!(config.get("head_dim"), None);
}

#[test]
fn an_output_layer_of_its_own_is_written() {
    let mut made = Maker::small();
    made.add("output.weight", &[HIDDEN, TOKENS.len() as u64]);
    let (folder, imported) = import_bytes(&made.bytes(), Dtype::F32);
    assert_eq!(imported.unwrap().tensors, 21);
    assert_eq!(json(&folder, "config.json")["tie_word_embeddings"], false);
    assert_eq!(weights(&folder)["lm_head.weight"].0, [8, 8]);
}

#[test]
fn heads_may_be_wider_than_the_model_divided() {
    let mut made = Maker::small();
    made.set("llama.attention.key_length", integer(8));
    made.set("llama.attention.value_length", integer(8));
    for block in 0..2 {
        for (name, sizes) in
            [("q", [HIDDEN, 16]), ("k", [HIDDEN, 8]), ("v", [HIDDEN, 8]), ("output", [16, HIDDEN])]
        {
            let name = format!("blk.{block}.attn_{name}.weight");
            made.tensors.retain(|tensor| tensor.name != name);
            made.add(&name, &sizes);
        }
    }
    let folder = imported(&made);
    assert_eq!(json(&folder, "config.json")["head_dim"], 8);
    let rows = values(&weights(&folder)["model.layers.0.self_attn.k_proj.weight"]);
    let rows: Vec<u64> = rows.chunks(8).map(|row| row[0] as u64 / 8).collect();
    assert_eq!(rows, [0, 2, 4, 6, 1, 3, 5, 7]);
}

#[test]
fn bfloat16_takes_half_the_space() {
    let (folder, imported) = import_bytes(&Maker::small().bytes(), Dtype::Bf16);
    let imported = imported.unwrap();
    let length = fs::metadata(folder.path().join("out/model.safetensors")).unwrap().len();
    assert_eq!(length, imported.bytes);
    let tensors = weights(&folder);
    assert_eq!(imported.parameters * 2, tensors.values().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
    assert_eq!(tensors["model.norm.weight"].1[..6], [0, 0, 0x80, 0x3f, 0, 0x40]);
    assert_eq!(json(&folder, "config.json")["torch_dtype"], "bfloat16");
}

#[test]
fn the_tokenizer_is_read_by_the_library_that_it_is_for() {
    let folder = imported(&Maker::small());
    let text = "abba<tool>ab</s>11 1";
    let read = tokenizers::Tokenizer::from_file(folder.path().join("out/tokenizer.json")).unwrap();
    assert_eq!(read.encode(text, true).unwrap().get_ids(), [4, 3, 2, 5, 4, 1, 6, 6, 7, 6]);
    let own = crate::tokenizer::open("out", &folder.path().join("out"), None).unwrap();
    assert_eq!((own.vocab(), own.end_of_text()), (8, 1));
    // Documents cannot end themselves: to this project `</s>` in them is text, and of that there are no tokens here.
    assert_eq!(own.encode(text).unwrap(), [4, 3, 2, 5, 4, 6, 6, 7, 6]);
    let added = json(&folder, "tokenizer.json")["added_tokens"].clone();
    let special: Vec<(u64, bool)> =
        added.as_array().unwrap().iter().map(|t| (t["id"].as_u64().unwrap(), t["special"] == true)).collect();
    assert_eq!(special, [(0, true), (1, true), (5, false)]);
    let config = json(&folder, "tokenizer_config.json");
    assert_eq!((&config["bos_token"], &config["eos_token"]), (&"<s>".into(), &"</s>".into()));
    assert_eq!(config.get("chat_template"), None);
}

#[test]
fn the_name_of_the_rules_decides_how_text_is_cut() {
    for (name, cut) in [(Some("smollm"), "Sequence"), (Some("gpt-2"), "ByteLevel"), (None, "ByteLevel")] {
        let mut made = Maker::small();
        made.unset("tokenizer.ggml.pre");
        name.into_iter().for_each(|name| made.set("tokenizer.ggml.pre", text(name)));
        assert_eq!(json(&imported(&made), "tokenizer.json")["pre_tokenizer"]["type"], cut, "{name:?}");
    }
}

#[test]
fn tokens_around_a_text_are_put_there() {
    let mut made = Maker::small();
    made.set("tokenizer.ggml.add_bos_token", flag(true));
    made.set("tokenizer.ggml.add_eos_token", flag(true));
    made.set("tokenizer.chat_template", text("{{ x }}"));
    let folder = imported(&made);
    let read = tokenizers::Tokenizer::from_file(folder.path().join("out/tokenizer.json")).unwrap();
    assert_eq!(read.encode("ab", true).unwrap().get_ids(), [0, 4, 1]);
    assert_eq!(read.encode(("ab", "a"), true).unwrap().get_ids(), [0, 4, 1, 0, 2, 1]);
    let config = json(&folder, "tokenizer_config.json");
    assert_eq!((&config["add_bos_token"], &config["chat_template"]), (&true.into(), &"{{ x }}".into()));
}

/// What a changed small file is refused with: its code, and all reasons in one text.
fn refusal(change: impl FnOnce(&mut Maker)) -> (&'static str, String) {
    let mut made = Maker::small();
    change(&mut made);
    refusal_of(&made.bytes())
}

fn refusal_of(bytes: &[u8]) -> (&'static str, String) {
    let (folder, imported) = import_bytes(bytes, Dtype::F32);
    let fault = imported.unwrap_err();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the file is left");
    assert!(fault.help.is_some());
    (fault.code.0, fault.notes.join("\n"))
}

#[test]
fn damaged_files_are_refused_with_the_reason() {
    type Change = fn(&mut Maker);
    let cases: [(Change, &str); 15] = [
        (|m| m.version = 1, "version 1 of the format"),
        (|m| m.version = 3 << 24, "big-endian"),
        (|m| m.more_tensors = u64::MAX / 2, "0 dimensions"),
        (|m| m.more_values = u64::MAX / 2, "metadata value"),
        (|m| m.metadata.push(("general.architecture".into(), text("llama"))), "is there twice"),
        (|m| m.set("general.alignment", integer(0)), "not a power of two"),
        (|m| m.set("x", 77u32.to_le_bytes().to_vec()), "unknown type 77"),
        (|m| m.tensor("output_norm.weight").sizes = vec![0], "size 0"),
        (|m| m.tensor("output_norm.weight").sizes = vec![1; 5], "5 dimensions"),
        (|m| m.tensor("output_norm.weight").sizes = vec![1 << 40; 4], "more values than can be counted"),
        (|m| m.tensor("output_norm.weight").kind = 10, "type Q2_K; those that are read are"),
        (|m| m.tensor("output_norm.weight").kind = 8, "Q8_0 keeps 32 together"),
        (
            |m| m.tensor("output_norm.weight").claimed = Some(32),
            "`token_embd.weight` and `output_norm.weight` overlap",
        ),
        (|m| m.tensor("output_norm.weight").claimed = Some(33), "not at a multiple of 32"),
        (|m| m.tensor("output_norm.weight").claimed = Some(1 << 62), "bytes of data"),
    ];
    for (change, expected) in cases {
        let (code, reasons) = refusal(change);
        assert_eq!(code, "E0572", "{reasons}");
        assert!(reasons.contains(expected), "{expected:?} is not in {reasons}");
    }
    assert!(refusal_of(b"").1.contains("the mark of the format"));
    assert!(refusal_of(b"GGML....").1.contains("begin with `GGUF` but with `GGML`"));
}

#[test]
fn other_models_are_refused_with_the_reason() {
    type Change = fn(&mut Maker);
    let cases: [(Change, &str); 25] = [
        (|m| m.set("general.architecture", text("qwen2")), "its architecture is `qwen2`"),
        (|m| m.unset("general.architecture"), "names no architecture"),
        (|m| m.set("general.type", text("adapter")), "it holds `adapter`"),
        (|m| m.set("split.count", integer(3)), "one of `3` files"),
        (|m| m.set("llama.expert_count", integer(8)), "`llama.expert_count` is `8`"),
        (|m| m.set("llama.rope.scaling.type", text("yarn")), "`llama.rope.scaling.type` is `yarn`"),
        (
            |m| m.set("llama.attention.sliding_window", integer(8)),
            "`llama.attention.sliding_window` is not understood",
        ),
        (|m| m.unset("llama.block_count"), "`llama.block_count` is missing"),
        (|m| m.set("llama.block_count", integer(u32::MAX)), "cannot be there"),
        (|m| m.set("llama.embedding_length", integer(0)), "`llama.embedding_length` is `0`, not a size"),
        (|m| m.set("llama.attention.head_count", integers(&[2, 2])), "is `a list of 2`, not a size"),
        (|m| m.set("llama.attention.head_count_kv", integer(3)), "cannot share 3 heads"),
        (|m| m.set("llama.rope.dimension_count", integer(2)), "is 2 and a head has 4"),
        (|m| m.set("llama.rope.freq_base", float(-1.0)), "not a number above zero"),
        (|m| m.set("llama.vocab_size", integer(9)), "is 9, and there are 8 tokens"),
        (|m| m.set("tokenizer.ggml.model", text("llama")), "its tokenizer is `llama`"),
        (|m| m.set("tokenizer.ggml.pre", text("qwen2")), "known are smollm, gpt-2, default"),
        (|m| m.set("tokenizer.ggml.merges", texts(&["a 1"])), "the merge `a 1`"),
        (|m| m.set("tokenizer.ggml.merges", texts(&["a b", "a b"])), "the merge `a b` is there twice"),
        (|m| m.set("tokenizer.ggml.token_type", integers(&[1, 6])), "token 1 has type 6"),
        (|m| m.set("tokenizer.ggml.tokens", texts(&["a", "a"])), "0 and 1 are both `a`"),
        (|m| m.set("tokenizer.ggml.eos_token_id", integer(8)), "is not one of 8 tokens"),
        (|m| m.add("blk.0.attn_q.bias", &[8]), "`blk.0.attn_q.bias` is not one of such a model"),
        (|m| m.tensor("blk.1.attn_v.weight").sizes = vec![4, 8], "is [8, 4] and should be [4, 8]"),
        (|m| m.tensor("blk.1.attn_v.weight").name = "x".into(), "`blk.1.attn_v.weight` is missing"),
    ];
    for (change, expected) in cases {
        let (code, reasons) = refusal(change);
        assert_eq!(code, "E0573", "{reasons}");
        assert!(reasons.contains(expected), "{expected:?} is not in {reasons}");
    }
}

#[test]
fn all_reasons_are_in_one_message() {
    let (_, reasons) = refusal(|made| {
        made.tensor("blk.0.ffn_up.weight").name = "\u{1b}[2J".into();
        made.tensor("blk.1.ffn_up.weight").name = "y".into();
        made.set("tokenizer.ggml.eos_token_id", integer(99));
    });
    assert_eq!(reasons.lines().count(), 5, "{reasons}");
    assert!(reasons.contains(r"`\u{1b}[2J`"), "{reasons}");
}

#[test]
fn a_target_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("m.gguf"), folder.path().join("out"));
    fs::write(&file, Maker::small().bytes()).unwrap();
    let run = || import(&file, &out, Dtype::F32, &mut NoProgress);
    assert!(run().is_ok());
    assert_eq!(run().unwrap_err().code.0, "E0574");
    assert!(
        import(&out, &folder.path().join("b"), Dtype::F32, &mut NoProgress)
            .unwrap_err()
            .title
            .contains("regular")
    );
    assert!(import(Path::new("no"), &out, Dtype::F32, &mut NoProgress).unwrap_err().title.contains("`no`"));
}

/// Reads and writes without a panic; what is refused leaves nothing behind.
fn ends_well(bytes: &[u8]) -> TestCaseResult {
    let (folder, imported) = import_bytes(bytes, Dtype::Bf16);
    let entries = fs::read_dir(folder.path()).unwrap().count();
    match imported {
        Ok(_) => prop_assert_eq!(entries, 2),
        Err(fault) => {
            prop_assert_eq!(entries, 1);
            prop_assert!(["E0572", "E0573"].contains(&fault.code.0), "{:?}", fault);
            prop_assert!(!fault.notes.is_empty() && fault.notes.len() <= 13);
        }
    }
    Ok(())
}

#[test]
fn version_two_is_the_same() {
    let (mut made, three) = (Maker::small(), imported(&Maker::small()));
    made.version = 2;
    made.set("general.alignment", integer(32));
    assert_eq!(weights(&imported(&made)), weights(&three));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = Maker::small().bytes();
    // The last tensor ends where its file does, up to padding.
    for length in (0..bytes.len() - 32).step_by(7) {
        assert!(Container::read(&bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(Container::read(&bytes).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_in_a_message(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        ends_well(&bytes)?;
        ends_well(&[b"GGUF\x03\0\0\0", &bytes[..]].concat())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_change_of_a_sound_file_ends_well(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        front in any::<bool>(),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = Maker::small().bytes();
        for (at, byte) in changes {
            // The data are most of the file and cannot be wrong; what is before them can.
            let within = if front { 2300 } else { bytes.len() };
            bytes[at.index(within)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        ends_well(&bytes)?;
    }

    #[test]
    fn any_header_of_a_tensor_ends_well(
        sizes in prop::collection::vec(prop_oneof![any::<u64>(), 0..40u64], 0..6),
        kind in prop_oneof![any::<u32>(), 0..40u32],
        claimed in prop_oneof![any::<u64>(), (0..20u64).prop_map(|i| 32 * i)],
        length in 0..500usize,
    ) {
        let mut made = Maker::small();
        made.tensors.push(Made { name: "output.weight".into(), sizes, kind, data: vec![1; length], claimed: Some(claimed) });
        ends_well(&made.bytes())?;
    }
}
