//! The hardware catalogue: what devices can do, from data sheets, users' own files and calibration.

use crate::codes;
use crate::experiment::{Efficiency, Measured, Mode, Sizes, Storage};
use crate::program::{Block, Term};
use crate::quantity::{Dimension, number, units};
use crate::schema::Type;
use crate::world::{World, join};
use regimen_base::plan::Backend;
use regimen_base::{Diagnostic, Span};
use regimen_grammar::ast::{ExprKind, Ident};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// The catalogue as it stands in the repository.
pub const CATALOGUE: &str = include_str!("../hardware/catalogue.toml");

/// One device of a catalogue, in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name in the catalogue.
    pub name: String,
    /// CPU or GPU.
    pub backend: Backend,
    /// What the driver calls it.
    pub device: Option<String>,
    /// Multiprocessors of a GPU.
    pub multiprocessors: u64,
    /// Bytes of one device.
    pub memory: u64,
    /// Bytes per second between a device and its memory; of one thread on a CPU.
    pub bandwidth: f64,
    /// FLOP/s of dense matrix products in f32; of one thread on a CPU.
    pub f32: f64,
    /// FLOP/s of dense matrix products in bf16, if the device has such units.
    pub bf16: Option<f64>,
    /// Watts of one device.
    pub watts: Option<f64>,
    /// Bytes that driver and libraries hold outside the allocator.
    pub context: u64,
    /// Why the runtime cannot compute on it.
    pub plans_only: Option<String>,
}

/// An entry as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    backend: String,
    device: Option<String>,
    multiprocessors: Option<u64>,
    memory: String,
    bandwidth: String,
    f32: String,
    bf16: Option<String>,
    watts: Option<f64>,
    context: Option<String>,
    plans_only: Option<String>,
}

/// A calibration as written.
#[derive(Deserialize)]
struct Calibration {
    #[serde(default)]
    version: u32,
    overhead: f64,
    #[serde(default)]
    storage: [f64; 2],
    #[serde(flatten)]
    measured: BTreeMap<String, BTreeMap<String, String>>,
}

/// What the numbers of a calibration mean. Version 2: the fourth width of attention is its context. Version 3: what checkpoints cost.
pub const CALIBRATION_VERSION: u32 = 3;

/// The name under which a calibration is kept. Speeds of a CPU are those of so many threads and no others.
pub fn calibration_name(entry: &str, backend: Backend, threads: u64) -> String {
    match backend {
        Backend::Cpu => format!("{entry}_{threads}_threads"),
        Backend::Cuda => entry.to_owned(),
    }
}

static BUILT_IN: LazyLock<BTreeMap<String, Entry>> =
    LazyLock::new(|| parse(CATALOGUE).unwrap_or_default().into_iter().map(|e| (e.name.clone(), e)).collect());

/// All entries of the catalogue, by name.
pub fn built_in() -> impl Iterator<Item = &'static Entry> {
    BUILT_IN.values()
}

/// The tables of the catalogue, each with its name, not yet read: an experiment names one or two of them.
fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
    let table = |text: &'static str| Some((text.split_once(']')?.0, text));
    CATALOGUE.split("\n[").skip(1).filter_map(table)
}

/// One entry of the catalogue.
fn of_catalogue(name: &str) -> Option<Entry> {
    let (_, text) = tables().find(|(table, _)| *table == name)?;
    parse(&format!("[{text}")).ok()?.pop()
}

impl Entry {
    /// The fields that a declaration of this entry may set.
    pub fn schema(&self) -> &'static Type {
        match self.backend {
            Backend::Cpu => &crate::kinds::hardware::CPU,
            Backend::Cuda => &crate::kinds::hardware::GPU,
        }
    }
}

/// Reads a catalogue or a user's file.
///
/// # Errors
/// What is wrong, for people.
pub fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let tables: BTreeMap<String, Written> =
        toml::from_str(text).map_err(|e| e.to_string().trim_end().to_string())?;
    tables
        .into_iter()
        .map(|(name, written)| entry(&name, written).map_err(|why| format!("[{name}]: {why}")))
        .collect()
}

fn entry(name: &str, written: Written) -> Result<Entry, String> {
    let backend = match written.backend.as_str() {
        "cpu" => Backend::Cpu,
        "cuda" => Backend::Cuda,
        other => return Err(format!("the backend is `cpu` or `cuda`, not `{other}`")),
    };
    let rate = |field, text: &str, of: Dimension| measure(field, text, of.per(Dimension::SECONDS));
    let bytes = |field, text: &str| measure(field, text, Dimension::BYTES).map(|b| b as u64);
    if written.watts.is_some_and(|w| !(w.is_finite() && w > 0.0)) {
        return Err("`watts` must be above 0".into());
    }
    let entry = Entry {
        name: name.to_string(),
        backend,
        device: written.device,
        multiprocessors: written.multiprocessors.unwrap_or(0),
        memory: bytes("memory", &written.memory)?,
        bandwidth: rate("bandwidth", &written.bandwidth, Dimension::BYTES)?,
        f32: rate("f32", &written.f32, Dimension::FLOP)?,
        bf16: written.bf16.as_deref().map(|t| rate("bf16", t, Dimension::FLOP)).transpose()?,
        watts: written.watts,
        context: written.context.as_deref().map_or(Ok(0), |t| bytes("context", t))?,
        plans_only: written.plans_only,
    };
    // Without these the plan of a GPU would be wrong by as much as they are.
    let needed = [("multiprocessors", entry.multiprocessors > 0), ("context", entry.context > 0)];
    match needed.into_iter().find(|(_, there)| backend == Backend::Cuda && !there) {
        Some((field, _)) => Err(format!("a GPU needs `{field}`: its memory is planned by it")),
        None => Ok(entry),
    }
}

/// `3350 GB/s` in base units.
fn measure(field: &str, text: &str, wanted: Dimension) -> Result<f64, String> {
    let wrong = || format!("`{field} = \"{text}\"` must be a positive number of {wanted} with its unit");
    let (digits, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let value = number::parse(digits).ok_or_else(wrong)?;
    let unit = units::compound(unit.trim()).map_err(|_| wrong())?;
    let value = number::to_f64(&(value * unit.factor));
    if unit.dimension == wanted && value > 0.0 { Ok(value) } else { Err(wrong()) }
}

/// The catalogue and the users' files that declarations name; each file is read once.
pub struct Shelf<'a> {
    world: &'a dyn World,
    files: BTreeMap<String, BTreeMap<String, Arc<Entry>>>,
}

impl std::fmt::Debug for Shelf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("files", &self.files).finish_non_exhaustive()
    }
}

impl<'a> Shelf<'a> {
    /// Only the catalogue so far.
    pub fn new(world: &'a dyn World) -> Shelf<'a> {
        Shelf { world, files: BTreeMap::new() }
    }

    /// The entry that a declaration names; its `file` comes before the catalogue.
    pub fn find(
        &mut self,
        name: &Ident,
        body: &Block,
        folder: &str,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Arc<Entry>> {
        let mut own = None;
        if let Some((path, span)) = file(body) {
            let full = join(folder, &path, self.world.may_leave());
            let Some(full) = full else {
                sink.push(codes::e0502::outside(&path, span));
                return None;
            };
            own = Some(self.read(&full, span, sink)?);
        }
        let found = own.and_then(|own| own.get(&name.node).cloned());
        let found = found.or_else(|| of_catalogue(&name.node).map(Arc::new));
        if found.is_none() {
            let mut known: Vec<&str> = tables().map(|(name, _)| name).collect();
            known.extend(own.into_iter().flat_map(|own| own.keys().map(String::as_str)));
            known.sort_unstable();
            known.dedup();
            sink.push(codes::e0202::unknown_hardware(name, known.into_iter()));
        }
        found
    }

    fn read(
        &mut self,
        path: &str,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<&BTreeMap<String, Arc<Entry>>> {
        if !self.files.contains_key(path) {
            let text = match self.world.read(path) {
                Ok(text) => text,
                Err(error) => {
                    sink.push(codes::e0501::unreadable(path, &error, span));
                    return None;
                }
            };
            match parse(&text) {
                Ok(entries) => {
                    let entries = entries.into_iter().map(|e| (e.name.clone(), Arc::new(e))).collect();
                    self.files.insert(path.to_string(), entries);
                }
                Err(why) => {
                    sink.push(codes::e0503::malformed(path, &why, span));
                    return None;
                }
            }
        }
        self.files.get(path)
    }
}

/// The `file` of a declaration, which must be a literal: types do not depend on values.
fn file(body: &Block) -> Option<(String, Span)> {
    let Term::Leaf(expr) = &body.get("file")?.term else { return None };
    let ExprKind::Text(path) = &expr.kind else { return None };
    Some((path.clone(), expr.span))
}

/// Speeds of a device that was never calibrated: typical shares of the data sheet, by size of the operation.
pub fn typical(backend: Backend, flops: f64, bandwidth: f64) -> Efficiency {
    type Points = &'static [(f64, f64)];
    let (matmul, memory, overhead): (Points, Points, f64) = match backend {
        Backend::Cpu => (&[(1e5, 0.15), (1e7, 0.45), (1e9, 0.7)], &[(1e4, 0.5), (1e7, 0.8)], 4e-6),
        Backend::Cuda => {
            (&[(1e8, 0.05), (1e10, 0.4), (1e12, 0.7)], &[(1e5, 0.1), (1e7, 0.6), (1e9, 0.85)], 4e-6)
        }
    };
    let scaled =
        |points: &[(f64, f64)], peak: f64| points.iter().map(|(size, share)| (*size, share * peak)).collect();
    Efficiency {
        calibrated: false,
        overhead,
        measured: BTreeMap::new(),
        matmul: scaled(matmul, flops),
        memory: scaled(memory, bandwidth),
        storage: Storage::TYPICAL,
    }
}

/// Reads what `regimen calibrate` stored; what it did not measure stays as it is `otherwise`.
///
/// # Errors
/// What is wrong, for people.
pub fn calibration(text: &str, otherwise: Efficiency) -> Result<Efficiency, String> {
    let read: Calibration = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_string())?;
    if read.version != CALIBRATION_VERSION {
        return Err("another version of `regimen calibrate` wrote it".into());
    }
    if !(read.overhead.is_finite() && read.overhead >= 0.0) {
        return Err("`overhead` must not be negative".into());
    }
    let [seconds, bandwidth] = read.storage;
    if !(seconds.is_finite() && seconds >= 0.0 && bandwidth > 0.0) {
        return Err("`storage` is seconds and bytes a second".into());
    }
    let storage = Storage { seconds, bandwidth };
    let mut measured = BTreeMap::new();
    for (name, operations) in read.measured {
        let mode = Mode::from_name(&name).ok_or_else(|| format!("`{name}` is no precision"))?;
        let mut samples = BTreeMap::new();
        for (kind, lines) in operations {
            let list: Option<Vec<Measured>> = lines.lines().map(sample).collect();
            let wrong =
                || format!("a line of `{kind}` is not seven numbers, or not of something that takes time");
            samples.insert(kind.clone(), list.filter(|list| !list.is_empty()).ok_or_else(wrong)?);
        }
        measured.insert(mode, samples);
    }
    Ok(Efficiency { calibrated: true, overhead: read.overhead, measured, storage, ..otherwise })
}

/// FLOPs, bytes, four widths, seconds.
fn sample(line: &str) -> Option<Measured> {
    let mut numbers = [0.0f64; 7];
    let mut words = line.split(' ');
    for number in &mut numbers {
        *number = words.next()?.parse().ok()?;
    }
    let [flops, bytes, a, b, c, d, seconds] = numbers;
    let good = numbers.iter().all(|n| n.is_finite() && *n >= 0.0) && seconds > 0.0 && flops.max(bytes) > 0.0;
    (good && words.next().is_none())
        .then(|| Measured::new(Sizes { flops, bytes, widths: [a, b, c, d] }, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_well_formed() {
        let entries = parse(CATALOGUE).unwrap();
        assert!(entries.len() >= 19);
        let h100 = entries.iter().find(|e| e.name == "h100_sxm").unwrap();
        assert_eq!(h100.bf16, Some(989.4e12));
        assert_eq!(h100.memory, 81_078 << 20);
        assert!(entries.iter().all(|e| e.memory > e.context));
    }

    #[test]
    fn each_table_is_found_alone() {
        let all: Vec<&Entry> = built_in().collect();
        assert_eq!(tables().count(), all.len());
        for entry in all {
            assert_eq!(of_catalogue(&entry.name).as_ref(), Some(entry));
        }
        assert_eq!(of_catalogue("h1000"), None);
    }

    #[test]
    fn mistakes_in_files_are_named() {
        let wrong =
            parse("[x]\nbackend = \"cuda\"\nmemory = \"80\"\nbandwidth = \"1 GB/s\"\nf32 = \"1 FLOP/s\"");
        assert!(wrong.unwrap_err().contains("memory"));
        let unknown = parse("[x]\nbackend = \"cuda\"\nmemry = \"80 GB\"");
        assert!(unknown.unwrap_err().contains("memry"));
        let rates = "memory = \"80 GB\"\nbandwidth = \"1 GB/s\"\nf32 = \"1 FLOP/s\"";
        let alone = parse(&format!("[x]\nbackend = \"cuda\"\n{rates}\nmultiprocessors = 8"));
        assert!(alone.unwrap_err().contains("a GPU needs `context`"));
    }

    #[test]
    fn calibrations_are_checked() {
        let calibration = |text: &str| calibration(text, typical(Backend::Cpu, 1e11, 1e10));
        let good = "version = 3\noverhead = 1e-6\nstorage = [0.02, 1e9]\n[f32]\nlinear = \"\"\"\n1e6 1e4 1 1 1 1 1e-5\n\"\"\"\n[bf16_reproducible]\n";
        assert!(calibration(good).unwrap().calibrated);
        for wrong in ["0", "-1.0", "nan", "inf", "1e-5 1", ""] {
            assert!(calibration(&good.replace("1e-5", wrong)).is_err(), "{wrong}");
        }
        assert!(
            calibration("version = 3\noverhead = 1e-6\nstorage = [0.02, 1e9]\n[f32]\nlinear = [[1e8, 1e9]]")
                .is_err()
        );
        assert!(calibration(&good.replace("1e9", "0.0")).unwrap_err().contains("`storage`"));
        let older = good.replace("version = 3\n", "");
        assert!(calibration(&older).unwrap_err().contains("another version"));
        assert!(calibration(&good.replace("bf16", "f7")).is_err());
        assert!(calibration("version = 3\noverhead = -1.0").unwrap_err().contains("negative"));
    }
}
