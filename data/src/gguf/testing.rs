//! Small GGUF files for tests, put together byte by byte.

/// A file in the making. Everything in it can be changed, also to what no writer would write.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    pub(super) version: u32,
    pub(super) metadata: Vec<(String, Vec<u8>)>,
    pub(super) tensors: Vec<Made>,
    /// Added to the number of tensors that the header claims.
    pub(super) more_tensors: u64,
    /// Added to the number of metadata values that the header claims.
    pub(super) more_values: u64,
}

/// A tensor: sizes fastest first, as in the file.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) name: String,
    pub(super) sizes: Vec<u64>,
    pub(super) kind: u32,
    pub(super) data: Vec<u8>,
    /// Where it claims to lie, if not where it does.
    pub(super) claimed: Option<u64>,
}

pub(super) fn text(text: &str) -> Vec<u8> {
    [&8u32.to_le_bytes()[..], &string(text)].concat()
}

pub(super) fn integer(number: u32) -> Vec<u8> {
    [4u32.to_le_bytes(), number.to_le_bytes()].concat()
}

pub(super) fn float(number: f32) -> Vec<u8> {
    [6u32.to_le_bytes(), number.to_le_bytes()].concat()
}

pub(super) fn flag(flag: bool) -> Vec<u8> {
    [&7u32.to_le_bytes()[..], &[u8::from(flag)]].concat()
}

pub(super) fn texts(list: &[&str]) -> Vec<u8> {
    let head = [&9u32.to_le_bytes()[..], &8u32.to_le_bytes(), &(list.len() as u64).to_le_bytes()].concat();
    list.iter().fold(head, |bytes, text| [bytes, string(text)].concat())
}

pub(super) fn integers(list: &[i32]) -> Vec<u8> {
    let head = [&9u32.to_le_bytes()[..], &5u32.to_le_bytes(), &(list.len() as u64).to_le_bytes()].concat();
    list.iter().fold(head, |bytes, number| [bytes, number.to_le_bytes().to_vec()].concat())
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// Tokens of the small model.
pub(super) const TOKENS: [&str; 8] = ["<s>", "</s>", "a", "b", "ab", "<tool>", "1", "Ġ"];
/// Sizes of the small model: two blocks, two heads of four that share one head of keys and values.
pub(super) const HIDDEN: u64 = 8;
pub(super) const MLP: u64 = 32;

impl Maker {
    /// A sound file. Weights are in f32 and count upwards from zero in each tensor, except those of `ffn_down`, which
    /// are in Q8_0: a scale of ½ and rows of -16 to 15.
    pub(super) fn small() -> Maker {
        let mut made =
            Maker { version: 3, metadata: vec![], tensors: vec![], more_tensors: 0, more_values: 0 };
        made.set("general.architecture", text("llama"));
        for (key, number) in [
            ("block_count", 2),
            ("context_length", 64),
            ("embedding_length", HIDDEN as u32),
            ("feed_forward_length", MLP as u32),
            ("attention.head_count", 2),
            ("attention.head_count_kv", 1),
            ("vocab_size", TOKENS.len() as u32),
        ] {
            made.set(&format!("llama.{key}"), integer(number));
        }
        made.set("llama.attention.layer_norm_rms_epsilon", float(1e-5));
        made.set("tokenizer.ggml.model", text("gpt2"));
        made.set("tokenizer.ggml.pre", text("smollm"));
        made.set("tokenizer.ggml.tokens", texts(&TOKENS));
        made.set("tokenizer.ggml.token_type", integers(&[3, 3, 1, 1, 1, 4, 1, 1]));
        made.set("tokenizer.ggml.merges", texts(&["a b"]));
        made.set("tokenizer.ggml.bos_token_id", integer(0));
        made.set("tokenizer.ggml.eos_token_id", integer(1));
        made.add("token_embd.weight", &[HIDDEN, TOKENS.len() as u64]);
        made.add("output_norm.weight", &[HIDDEN]);
        for block in 0..2 {
            for (name, sizes) in [
                ("attn_norm", &[HIDDEN][..]),
                ("attn_q", &[HIDDEN, 8]),
                ("attn_k", &[HIDDEN, 4]),
                ("attn_v", &[HIDDEN, 4]),
                ("attn_output", &[8, HIDDEN]),
                ("ffn_norm", &[HIDDEN]),
                ("ffn_gate", &[HIDDEN, MLP]),
                ("ffn_up", &[HIDDEN, MLP]),
            ] {
                made.add(&format!("blk.{block}.{name}.weight"), sizes);
            }
            let row = [vec![0, 0x38], (-16..16i8).map(|q| q as u8).collect()].concat();
            made.tensors.push(Made {
                name: format!("blk.{block}.ffn_down.weight"),
                sizes: vec![MLP, HIDDEN],
                kind: 8,
                data: row.repeat(HIDDEN as usize),
                claimed: None,
            });
        }
        made
    }

    /// Sets a metadata value.
    pub(super) fn set(&mut self, key: &str, value: Vec<u8>) {
        self.unset(key);
        self.metadata.push((key.to_string(), value));
    }

    /// Takes a metadata value away.
    pub(super) fn unset(&mut self, key: &str) {
        self.metadata.retain(|(name, _)| name != key);
    }

    /// Adds a tensor in f32 that counts upwards.
    pub(super) fn add(&mut self, name: &str, sizes: &[u64]) {
        let count: u64 = sizes.iter().product();
        let data = (0..count).flat_map(|i| (i as f32).to_le_bytes()).collect();
        self.tensors.push(Made { name: name.into(), sizes: sizes.into(), kind: 0, data, claimed: None });
    }

    /// The tensor of this name.
    pub(super) fn tensor(&mut self, name: &str) -> &mut Made {
        self.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap()
    }

    /// The file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).wrapping_add(self.more_tensors).to_le_bytes());
        bytes.extend((self.metadata.len() as u64).wrapping_add(self.more_values).to_le_bytes());
        for (key, value) in &self.metadata {
            bytes.extend(string(key));
            bytes.extend(value);
        }
        let mut data: Vec<u8> = vec![];
        for tensor in &self.tensors {
            bytes.extend(string(&tensor.name));
            bytes.extend((tensor.sizes.len() as u32).to_le_bytes());
            tensor.sizes.iter().for_each(|size| bytes.extend(size.to_le_bytes()));
            bytes.extend(tensor.kind.to_le_bytes());
            bytes.extend(tensor.claimed.unwrap_or(data.len() as u64).to_le_bytes());
            data.extend(&tensor.data);
            data.resize(data.len().next_multiple_of(32), 0);
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(data);
        bytes
    }
}
