//! Models in several files: how they are divided, and the index that says where each tensor lies.

use super::names;
use crate::checkpoint::tensors::{Entry, Stored, TensorFile};
use crate::run::codes;
use regimen_base::Diagnostic;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Component, Path};

/// Tensors of each file, in their order: as many as `limit` bytes hold; a larger one has a file of its own.
pub fn divided(entries: &[Entry], limit: u64) -> Vec<Range<usize>> {
    let (mut shards, mut first, mut held) = (vec![], 0, 0u64);
    for (at, entry) in entries.iter().enumerate() {
        if at > first && held.saturating_add(entry.bytes()) > limit {
            shards.push(first..at);
            (first, held) = (at, 0);
        }
        held = held.saturating_add(entry.bytes());
    }
    shards.push(first..entries.len());
    shards
}

/// Name of one of so many files.
pub fn name(shard: usize, of: usize) -> String {
    match of {
        1 => names::MODEL.to_owned(),
        _ => format!("model-{:05}-of-{of:05}.safetensors", shard + 1),
    }
}

/// The index of these shards.
pub fn index(entries: &[Entry], shards: &[Range<usize>]) -> String {
    let total: u64 = entries.iter().map(Entry::bytes).sum();
    let parameters: u64 = entries.iter().map(|entry| entry.shape.iter().product::<u64>()).sum();
    let files = shards.iter().enumerate().flat_map(|(shard, range)| {
        let file = name(shard, shards.len());
        entries
            .get(range.clone())
            .unwrap_or_default()
            .iter()
            .map(move |entry| (entry.name.clone(), json!(file)))
    });
    let map: serde_json::Map<String, Value> = files.collect();
    let index = json!({"metadata": {"total_parameters": parameters, "total_size": total}, "weight_map": map});
    format!("{index:#}\n")
}

/// The safetensors files of a folder with the file of each tensor.
#[derive(Debug)]
pub struct Files {
    files: Vec<TensorFile>,
    of: BTreeMap<String, usize>,
}

impl Files {
    /// Opens `model.safetensors`, or what an index names.
    ///
    /// # Errors
    /// If the file cannot be read; with an index, everything in which it and the files disagree.
    pub fn open(folder: &Path) -> Result<Files, Diagnostic> {
        let (index, single) = (folder.join(names::INDEX), folder.join(names::MODEL));
        if single.is_file() || !index.is_file() {
            let file = TensorFile::open(&single).map_err(|what| codes::exchange_failed(&single, what))?;
            let of = file.names().into_iter().map(|name| (name, 0)).collect();
            return Ok(Files { files: vec![file], of });
        }
        let failed = |what: String| codes::exchange_failed(&index, what);
        let text = std::fs::read_to_string(&index).map_err(|e| failed(e.to_string()))?;
        let parsed = Index::of(&text).map_err(failed)?;
        let (files, wrong) = parsed.open(folder);
        if wrong.is_empty() {
            return Ok(files);
        }
        let count = if wrong.len() == 1 { "one thing".to_owned() } else { format!("{} things", wrong.len()) };
        let told = failed(format!("{count} in which the index and the files disagree"));
        Err(wrong.iter().fold(told, |told, what| told.because(format!("{what}."))))
    }

    /// The file of a tensor, and where in it that lies.
    pub fn find(&self, name: &str) -> Option<(&TensorFile, Stored)> {
        let file = self.files.get(*self.of.get(name)?)?;
        Some((file, file.find(name)?))
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.of.contains_key(name)
    }

    /// Names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.of.keys()
    }

    /// The data of a tensor.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let (file, stored) = self.find(name)?;
        let mut bytes = vec![0; stored.bytes];
        file.read(&stored, &mut bytes).ok()?;
        Some(bytes)
    }
}

/// `model.safetensors.index.json`.
#[derive(Debug)]
struct Index {
    /// The file of each tensor.
    files: BTreeMap<String, String>,
    /// Bytes of all tensors, if it says.
    total: Option<u64>,
}

impl Index {
    fn of(text: &str) -> Result<Index, String> {
        let parsed: Value =
            serde_json::from_str(text).map_err(|e| format!("it is not a valid index: {e}"))?;
        let map = parsed.get("weight_map").and_then(Value::as_object);
        let map = map.ok_or("it is not a valid index: it has no `weight_map`")?;
        let entry = |(name, file): (&String, &Value)| match file.as_str() {
            Some(file) => Ok((name.clone(), file.to_owned())),
            None => Err(format!("it is not a valid index: the file of `{name}` is {file}")),
        };
        // As transformers wrote it once, it may be a number with a point.
        let total = parsed.get("metadata").and_then(|data| data.get("total_size")).and_then(Value::as_f64);
        let files = map.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Index { files, total: total.map(|bytes| bytes as u64) })
    }

    /// Its files, and all that is wrong.
    fn open(&self, folder: &Path) -> (Files, Vec<String>) {
        let (mut all, mut wrong) = (Files { files: vec![], of: BTreeMap::new() }, vec![]);
        let shards: BTreeSet<&str> = self.files.values().map(String::as_str).collect();
        let mut opened: BTreeMap<&str, usize> = BTreeMap::new();
        let mut twice: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for shard in &shards {
            if !is_inside(shard) {
                wrong.push(format!("It names the file `{shard}` outside the folder"));
                continue;
            }
            let file = match TensorFile::open(&folder.join(shard)) {
                Ok(file) => file,
                Err(why) => {
                    wrong.push(format!("The shard `{shard}` cannot be used: {why}"));
                    continue;
                }
            };
            for name in file.names() {
                twice.entry(name.clone()).or_default().push(shard);
                all.of.insert(name, all.files.len());
            }
            opened.insert(shard, all.files.len());
            all.files.push(file);
        }
        for (name, holders) in twice.iter().filter(|(_, holders)| holders.len() > 1) {
            wrong.push(format!("`{name}` lies in more than one shard: {}", codes::listed(holders)));
        }
        wrong.extend(self.misplaced(&all, &opened, &twice));
        if wrong.is_empty() {
            wrong.extend(self.other_size(&all));
        }
        (all, wrong)
    }

    /// Tensors that are not where it says, and those of which it does not say.
    fn misplaced(
        &self,
        all: &Files,
        opened: &BTreeMap<&str, usize>,
        found: &BTreeMap<String, Vec<&str>>,
    ) -> Vec<String> {
        let lost = self.files.iter().filter_map(|(name, shard)| {
            let file = all.files.get(*opened.get(shard.as_str())?)?;
            file.find(name).is_none().then(|| format!("`{name}` does not lie in `{shard}`"))
        });
        let unknown = found.iter().filter(|(name, _)| !self.files.contains_key(*name));
        let unknown = unknown.map(|(name, shards)| {
            format!("`{name}` lies in {}, of which the index does not know", codes::listed(shards))
        });
        lost.chain(unknown).collect()
    }

    fn other_size(&self, all: &Files) -> Option<String> {
        let there: u64 = all.names().filter_map(|name| all.find(name)).map(|(_, s)| s.bytes as u64).sum();
        let total = self.total.filter(|total| *total != there)?;
        Some(format!(
            "The index says that the tensors have {total} bytes (`total_size`), and they have {there}"
        ))
    }
}

/// Whether a name is that of a file in the folder itself.
fn is_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let single = matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none();
    // A backslash divides names on some systems.
    single && !name.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::tensor::DType;

    fn entries(sizes: &[u64]) -> Vec<Entry> {
        let entry =
            |(i, n): (usize, &u64)| Entry { name: format!("t{i}"), dtype: DType::F32, shape: vec![*n] };
        sizes.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn files_hold_as_many_tensors_as_the_limit_allows_and_one_at_least() {
        assert_eq!(divided(&entries(&[1, 2, 3, 9, 1]), 12), [0..2, 2..3, 3..4, 4..5]);
        assert_eq!(divided(&entries(&[1, 2, 3]), u64::MAX), std::slice::from_ref(&(0..3)));
        assert_eq!(divided(&[], 4), std::slice::from_ref(&(0..0)));
        assert_eq!(
            (name(0, 1), name(1, 12)),
            ("model.safetensors".into(), "model-00002-of-00012.safetensors".into())
        );
    }

    #[test]
    fn the_index_names_every_tensor_and_the_bytes_of_all() {
        let entries = entries(&[1, 2]);
        let index: Value = serde_json::from_str(&index(&entries, &[0..1, 1..2])).unwrap();
        assert_eq!(index["metadata"], json!({"total_parameters": 3, "total_size": 12}));
        assert_eq!(index["weight_map"]["t1"], "model-00002-of-00002.safetensors");
    }

    #[test]
    fn only_names_of_files_in_the_folder_are_inside() {
        for bad in ["../x", "/x", "..", ".", "", "a/b", "a\\b"] {
            assert!(!is_inside(bad), "{bad}");
        }
        assert!(is_inside("model-00001-of-00002.safetensors") && is_inside("..x"));
    }
}
