//! Regimen and nanoGPT at the configuration of nanoGPT's README for a CPU: speed, and the losses that both reach.
//!
//! Both take turns, so that whatever else the machine does meets both. nanoGPT's `model.py` is not ours to copy: it is
//! looked for in `.peer/`, and without it this part is skipped.

use crate::tools::{output, regimen, root, succeed, target_folder};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Mean validation losses may differ by this much.
const LOSS_LIMIT: f64 = 0.02;
/// Seconds until the first step of a run.
const FIRST_STEP_LIMIT: f64 = 0.5;
/// What is missing if a part is skipped.
const MODEL: &str = ".peer/nanogpt_model.py";

/// What one training reached.
struct Reached {
    loss: f64,
    tokens_per_second: f64,
}

/// One training of each, from the same seed.
struct Pair {
    ours: Reached,
    theirs: Reached,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.ours.tokens_per_second / self.theirs.tokens_per_second
    }
}

/// `cargo xtask bench nanogpt`: three seeds, 2,000 steps each, losses and speed.
pub fn losses() -> Result<(), String> {
    let Some(pairs) = pairs(&[1, 2, 3], 2_000)? else { return Ok(()) };
    let mean = |of: fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
    let (ours, theirs) = (mean(|pair| pair.ours.loss), mean(|pair| pair.theirs.loss));
    println!("{:8}{ours:>12.4}{theirs:>12.4}   difference {:+.4}, limit {LOSS_LIMIT}", "mean", ours - theirs);
    if (ours - theirs).abs() > LOSS_LIMIT {
        return Err("mean validation losses differ by more than the limit".to_string());
    }
    fast_enough(&pairs)
}

/// The same for a moment, for the speed alone.
pub fn speed() -> Result<(), String> {
    match pairs(&[1, 2, 3], 200)? {
        Some(pairs) => fast_enough(&pairs),
        None => Ok(()),
    }
}

/// The median counts.
fn fast_enough(pairs: &[Pair]) -> Result<(), String> {
    let mut ratios: Vec<f64> = pairs.iter().map(Pair::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(0.0);
    println!("speed against nanoGPT: {median:.2} × (at least 1.00)");
    if median >= 1.0 { Ok(()) } else { Err("training is slower than nanoGPT's".to_string()) }
}

/// Seconds from the start of `regimen run` on data that is prepared to its first step; the median of several.
pub fn first_step() -> Result<(), String> {
    let bench = Bench::new()?;
    // The example warms up for 100 steps.
    bench.train(1, 101)?;
    let mut seconds = vec![];
    for _ in 0..7 {
        seconds.push(bench.start()?);
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!(
        "first step of `regimen run`: after {:.0} ms, limit {:.0} ms",
        median * 1e3,
        FIRST_STEP_LIMIT * 1e3
    );
    if median <= FIRST_STEP_LIMIT { Ok(()) } else { Err("a run begins too late".to_string()) }
}

/// Trains in turns and prints a line for each pair; nothing if the peer is not there.
fn pairs(seeds: &[u64], steps: u64) -> Result<Option<Vec<Pair>>, String> {
    let Some(peer) = Peer::find() else { return Ok(None) };
    let bench = Bench::new()?;
    println!("nanoGPT's README configuration for a CPU, {steps} steps, two threads each, in turns");
    println!(
        "{:8}{:>12}{:>12}{:>16}{:>16}{:>8}",
        "seed", "loss", "nanoGPT's", "tokens/s", "nanoGPT's", "ratio"
    );
    let mut pairs = vec![];
    for &seed in seeds {
        let ours = bench.train(seed, steps)?;
        let theirs = peer.train(&bench, seed, steps)?;
        let pair = Pair { ours, theirs };
        println!(
            "{seed:<8}{:>12.4}{:>12.4}{:>16.0}{:>16.0}{:>8.2}",
            pair.ours.loss,
            pair.theirs.loss,
            pair.ours.tokens_per_second,
            pair.theirs.tokens_per_second,
            pair.ratio()
        );
        pairs.push(pair);
    }
    Ok(Some(pairs))
}

/// The example in a folder of its own, so that the user's runs stay as they are.
struct Bench {
    folder: PathBuf,
    regimen: PathBuf,
}

impl Bench {
    fn new() -> Result<Bench, String> {
        let regimen = regimen(true)?;
        let folder = target_folder()?.join("nanogpt");
        let plays = root().join("examples/plays");
        if !plays.is_dir() {
            return Err("the plays are missing: run `cargo xtask data`".to_string());
        }
        copy_folder(&plays, &folder.join("plays"))?;
        copy(&root().join("examples/nanogpt_cpu.exp"), &folder.join("nanogpt_cpu.exp"))?;
        Ok(Bench { folder, regimen })
    }

    fn train(&self, seed: u64, steps: u64) -> Result<Reached, String> {
        self.forget()?;
        let mut command = Command::new(&self.regimen);
        command.current_dir(&self.folder).args(["run", "nanogpt_cpu.exp"]);
        command.args(["--set", &format!("nanogpt_cpu.seed={seed}")]);
        command.args(["--set", &format!("pretrain.duration={steps} steps")]);
        command.stdout(Stdio::null());
        succeed(command, "the example does not train")?;
        let lines = self.read("metrics.jsonl")?;
        let lines: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        reached(&lines).ok_or_else(|| "the example's metrics lack what is compared".to_string())
    }

    /// Seconds until a run says that it begins; then it is stopped.
    fn start(&self) -> Result<f64, String> {
        self.forget()?;
        let began = Instant::now();
        let mut command = Command::new(&self.regimen);
        command.current_dir(&self.folder).args(["run", "nanogpt_cpu.exp"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut run = command.spawn().map_err(|e| format!("the example does not start: {e}"))?;
        let said = run.stdout.take().ok_or("the run says nothing")?;
        let begins =
            BufReader::new(said).lines().map_while(Result::ok).any(|line| line.contains(" begins: "));
        let seconds = began.elapsed().as_secs_f64();
        // Gone already if it failed.
        let _ = run.kill();
        let _ = run.wait();
        if begins { Ok(seconds) } else { Err("the example does not begin".to_string()) }
    }

    /// Removes what earlier runs left.
    fn forget(&self) -> Result<(), String> {
        let runs = self.folder.join("runs");
        if !runs.exists() {
            return Ok(());
        }
        fs::remove_dir_all(&runs).map_err(|e| cannot("remove", &runs, &e))
    }

    /// A file of the run.
    fn read(&self, name: &str) -> Result<String, String> {
        let path = self.folder.join("runs/nanogpt_cpu/pretrain").join(name);
        fs::read_to_string(&path).map_err(|e| cannot("read", &path, &e))
    }

    /// The token files of training and validation, and the size of the vocabulary.
    fn data(&self) -> Result<([PathBuf; 2], u64), String> {
        let plan: Value = serde_json::from_str(&self.read("plan.json")?).map_err(|e| e.to_string())?;
        let stage = &plan["content"]["stages"][0];
        let splits = sizes(&stage["datasets"][0]["facts"]["splits"]);
        let cache = self.folder.join(".regimen/cache/tokens");
        let entries = fs::read_dir(&cache).map_err(|e| cannot("read", &cache, &e))?;
        for entry in entries.flatten() {
            let text = fs::read_to_string(entry.path().join("manifest.json")).unwrap_or_default();
            let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
            if sizes(&manifest["about"]) == splits {
                let file = |index| entry.path().join(format!("{index}.tokens"));
                let vocabulary = stage["model"]["vocab"].as_u64().unwrap_or(0);
                return Ok(([file(0), file(1)], vocabulary));
            }
        }
        Err(format!("{} holds no tokens of the plan's data", cache.display()))
    }
}

/// Name and number of tokens of each split.
fn sizes(splits: &Value) -> Vec<(Option<&str>, Option<u64>)> {
    let splits = splits.as_array().map(Vec::as_slice).unwrap_or_default();
    splits.iter().map(|split| (split["name"].as_str(), split["tokens"].as_u64())).collect()
}

/// The last validation loss and the speed of the median step, as `metrics.jsonl` tells them.
fn reached(lines: &[Value]) -> Option<Reached> {
    let is_step = |line: &&Value| line.get("evaluation").is_none();
    let loss = lines.iter().rfind(|line| !is_step(line))?.get("loss")?.as_f64()?;
    let tokens = lines.iter().find(is_step)?.get("tokens")?.as_f64()?;
    let seconds = lines.iter().filter(is_step).filter_map(|line| line["time"]["seconds"].as_f64());
    let mut seconds: Vec<f64> = seconds.collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2)?;
    Some(Reached { loss, tokens_per_second: tokens / median })
}

/// nanoGPT: its model, and a Python that has PyTorch.
struct Peer {
    python: PathBuf,
    model: PathBuf,
}

impl Peer {
    /// Says what to do if it is not there.
    fn find() -> Option<Peer> {
        let python = crate::oracles::python();
        let model = root().join(MODEL);
        if !model.is_file() {
            println!(
                "skipped: comparison with nanoGPT; put its model.py (github.com/karpathy/nanoGPT) at {MODEL}"
            );
            return None;
        }
        if !python.is_file() {
            println!(
                "skipped: comparison with nanoGPT; `cargo xtask oracles` installs the PyTorch that it needs (5 GB)"
            );
            return None;
        }
        Some(Peer { python, model })
    }

    fn train(&self, bench: &Bench, seed: u64, steps: u64) -> Result<Reached, String> {
        let ([train, validation], vocabulary) = bench.data()?;
        let mut command = Command::new(&self.python);
        command.arg(root().join("tests/oracle/nanogpt.py")).arg(&self.model).args([train, validation]);
        command.args([vocabulary, seed, steps].map(|number| number.to_string()));
        let text = output(command, "nanoGPT does not train; its message is above")?;
        let said: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
        let number = |name: &str| said[name].as_f64().ok_or_else(|| format!("no `{name}` in {text}"));
        let tokens_per_second = number("tokens_per_step")? / number("step_seconds")?;
        Ok(Reached { loss: number("loss")?, tokens_per_second })
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|e| cannot("create", to, &e))?;
    let entries = fs::read_dir(from).map_err(|e| cannot("read", from, &e))?;
    entries.flatten().try_for_each(|entry| copy(&entry.path(), &to.join(entry.file_name())))
}

/// Leaves a copy alone that is there already: what is derived from it stays known.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let content = fs::read(from).map_err(|e| cannot("read", from, &e))?;
    if fs::read(to).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::write(to, content).map_err(|e| cannot("write", to, &e))
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_evaluation_and_the_median_step_count() {
        let step = |step: u64, seconds: f64| json!({"step": step, "tokens": 768 * step, "loss": 4.0, "time": {"seconds": seconds}});
        let evaluation =
            |loss: f64| json!({"evaluation": "validation", "loss": loss, "time": {"seconds": 9.0}});
        let lines = [step(1, 8.0), step(2, 2.0), evaluation(3.0), step(3, 1.0), evaluation(2.5)];
        let reached = reached(&lines).unwrap();
        assert_eq!((reached.loss, reached.tokens_per_second), (2.5, 384.0));
    }

    #[test]
    fn slower_than_the_peer_is_a_failure() {
        let pair = |ours: f64| Pair {
            ours: Reached { loss: 1.0, tokens_per_second: ours },
            theirs: Reached { loss: 1.0, tokens_per_second: 100.0 },
        };
        assert!(fast_enough(&[pair(90.0), pair(130.0), pair(101.0)]).is_ok());
        assert!(fast_enough(&[pair(90.0), pair(130.0), pair(99.0)]).is_err());
    }
}
