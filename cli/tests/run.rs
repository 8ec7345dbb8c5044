//! Training, going on, generating and exporting, as a user does it.
#![cfg(feature = "libtorch")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, GOOD, Said};
use regimen_base::plan::{Content, Plan};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_run_trains_evaluates_saves_and_compares_with_the_plan() {
    let bench = Bench::good();
    let said = bench.run(&["run", "good.exp"]);
    assert_eq!(said.status, 0, "{said:?}");
    for part in [
        "stage pretrain begins: 6 steps",
        "validation after step 6: loss",
        "checkpoint after step 3",
        "equal:",
    ] {
        assert!(said.out.contains(part), "{part} is missing:\n{}", said.out);
    }
    let metrics = bench.read("runs/good/pretrain/metrics.jsonl");
    assert!(metrics.lines().count() >= 6, "{metrics}");
    assert!(bench.path("runs/good/pretrain/plan.json").is_file());
    // What is known now need not be assumed any more.
    assert!(!bench.run(&["check", "good.exp"]).err.contains("assumed"));
}

#[test]
fn flops_counted_while_running_are_those_of_the_plan() {
    let bench = Bench::good();
    let sampled =
        GOOD.replace("  checkpoint  =", "  sample      = { prompt = \"To\", tokens = 5 }\n  checkpoint  =");
    bench.write("good.exp", sampled);
    let said = bench.run(&["run", "good.exp"]);
    assert!(said.status == 0 && said.out.contains("  equal; "), "{said:?}");
    let measured = measured(&bench);
    let plan = Plan::from_json(&bench.read("runs/good/pretrain/plan.json")).unwrap();
    assert_eq!(measured["measured_flops"].as_f64(), Some(plan.reports[0].flops));
    // Training, evaluation, sampling: all in one sum. `a.txt` is held out: two evaluations of its 8,600 characters and the end
    // of the text, 16 at a time, two samples a batch.
    let evaluate = 2 * 8_601_u64.div_ceil(16).div_ceil(2);
    // Five tokens before and after, the first of each from the prompt's chunk.
    let generated = [("prefill", 2), ("decode", 8)];
    let trained = [("initialise", 1), ("micro_step", 12), ("update", 6), ("evaluate", evaluate)];
    let runs: Vec<_> = trained.into_iter().chain(generated).collect();
    let programs = &plan.content.stages[0].programs;
    assert_eq!(runs.len(), programs.len());
    let sum: u64 = runs.iter().map(|(name, times)| programs[*name].flops * times).sum();
    assert_eq!(measured["measured_flops"].as_f64(), Some(sum as f64));
}

/// Blocks of many sizes: activations that stay, those made again, logits, dropout.
#[test]
#[cfg(target_os = "linux")]
fn the_process_grows_by_the_planned_peak_within_the_margin() {
    let bench = Bench::good();
    let large = GOOD
        .replace("layers    = 1", "layers    = 4\n  dropout   = 10%")
        .replace("hidden    = 16", "hidden    = 128")
        .replace("context   = 16", "context   = 128")
        .replace("16 tokens", "128 tokens\n  recompute   = full")
        .replace("4 sequences", "100 sequences")
        .replace("micro_batch = 2", "micro_batch = 100")
        .replace("6 steps", "3 steps")
        .replace("2 steps", "1 steps");
    bench.write("good.exp", large);
    let said = bench.run(&["run", "good.exp"]);
    assert!(said.status == 0 && said.out.contains("within the margin of"), "{said:?}");
    let measured = measured(&bench);
    let bytes = |name: &str| measured[name].as_u64().unwrap();
    let (planned, grown) = (bytes("planned_bytes"), bytes("resident_growth"));
    assert!(planned > 150 << 20, "{planned} bytes are too few to tell");
    assert!(grown.abs_diff(planned) <= planned / 50 + (16 << 20), "planned {planned}, grown by {grown}");
}

#[test]
fn a_second_run_neither_overwrites_nor_repeats_without_being_asked() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    let again = bench.run(&["run", "good.exp"]);
    assert!(
        again.status == 1 && again.err.contains("--resume") && again.err.contains("--fresh"),
        "{again:?}"
    );
    let resumed = bench.run(&["run", "good.exp", "--resume"]);
    assert!(
        resumed.status == 0
            && resumed.out.contains("was finished before")
            && !resumed.out.contains("goes on"),
        "{resumed:?}"
    );
    let fresh = bench.run(&["run", "good.exp", "--fresh"]);
    assert!(fresh.status == 0 && fresh.out.contains("begins"), "{fresh:?}");
}

/// What a stage started from is compared with what the plan says, whenever the stage starts or goes on.
#[test]
fn a_stage_starts_only_from_what_the_plan_would_train() {
    let bench = Bench::good();
    bench.write("good.exp", format!("{GOOD}\n{TUNE}"));
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    let finished = bench.run(&["run", "good.exp", "--resume"]);
    assert!(finished.status == 0 && finished.out.contains("stage tune was finished before"), "{finished:?}");

    let faster = "pretrain.optimizer.lr=2e-3";
    let planned_otherwise = bench.run(&["run", "good.exp", "--set", faster, "--stage", "tune", "--resume"]);
    assert!(planned_otherwise.status == 1, "{planned_otherwise:?}");
    for part in ["E0967", "trained by another plan", "--stage pretrain --fresh", "optimizer.lr"] {
        assert!(planned_otherwise.err.contains(part), "{part}: {planned_otherwise:?}");
    }
    let again = bench.run(&["run", "good.exp", "--set", faster, "--stage", "pretrain", "--fresh"]);
    assert_eq!(again.status, 0, "{again:?}");
    let replaced = bench.run(&["run", "good.exp", "--set", faster, "--resume"]);
    assert!(replaced.status == 1 && !replaced.out.contains("stage tune was finished"), "{replaced:?}");
    for part in ["E0967", "replaced since", "--stage tune --fresh"] {
        assert!(replaced.err.contains(part), "{part}: {replaced:?}");
    }
    let fresh = bench.run(&["run", "good.exp", "--set", faster, "--stage", "tune", "--fresh"]);
    assert_eq!(fresh.status, 0, "{fresh:?}");
    // Whoever saves space by removing the parent can still go on.
    std::fs::remove_dir_all(bench.path("runs/good/pretrain")).unwrap();
    let alone = bench.run(&["run", "good.exp", "--set", faster, "--stage", "tune", "--resume"]);
    assert!(alone.status == 0 && alone.out.contains("finished before"), "{alone:?}");
}

#[cfg(unix)]
#[test]
fn a_stage_does_not_start_from_an_unfinished_one() {
    let bench = Bench::good();
    let long = GOOD.replace("duration    = 6 steps", "duration    = 200_000 steps");
    bench.write("good.exp", format!("{long}\n{TUNE}"));
    let mut command = bench.command(&["run", "good.exp"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let last = bench.path("runs/good/pretrain/checkpoints/last");
    let start = Instant::now();
    while !last.is_file() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let said = bench.run(&["run", "good.exp", "--stage", "tune"]);
    assert_eq!(said.status, 1, "{said:?}");
    for part in ["E0967", "`pretrain`, which is not finished", "--stage pretrain --resume"] {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
    assert!(!bench.path("runs/good/tune").exists());
}

const TUNE: &str = "stage tune : causal_lm {
  from = pretrain.last, on = box, model = tiny, data = corpus, batch = 4 sequences, micro_batch = 2
  duration = 2 steps, optimizer = adamw { lr = 1e-3 }, checkpoint = { every = 1 steps }
}
";

#[test]
fn a_run_that_lost_its_checkpoints_keeps_its_metrics() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    let metrics = bench.read("runs/good/pretrain/metrics.jsonl");
    std::fs::remove_dir_all(bench.path("runs/good/pretrain/checkpoints")).unwrap();
    for arguments in [&["run", "good.exp", "--resume"][..], &["run", "good.exp"]].repeat(2) {
        let said = bench.run(arguments);
        assert!(said.status == 1 && said.err.contains("E0952") && said.err.contains("--fresh"), "{said:?}");
        assert_eq!(bench.read("runs/good/pretrain/metrics.jsonl"), metrics);
    }
    assert_eq!(bench.run(&["run", "good.exp", "--fresh"]).status, 0);
    assert_eq!(bench.read("runs/good/pretrain.1/metrics.jsonl"), metrics);
}

#[test]
fn a_plan_file_runs_like_its_experiment() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["plan", "good.exp", "--out", "plan.json"]).status, 0);
    bench.write(
        "none.json",
        Plan::new(Content { experiment: "none".into(), stages: vec![] }, vec![]).unwrap().to_json().unwrap(),
    );
    let none = bench.run(&["run", "none.json"]);
    assert!(none.status == 1 && none.err.contains("E0812") && none.err.contains("no stages"), "{none:?}");
    bench.write("more.json", bench.read("plan.json").replacen("{", "{\"more\":1,", 1));
    let more = bench.run(&["run", "more.json"]);
    assert!(more.status == 1 && more.err.contains("E0812") && more.err.contains("`more`"), "{more:?}");
    let said = bench.run(&["run", "plan.json", "--check-memory"]);
    assert!(said.status == 0 && said.out.contains("equal:"), "{said:?}");
    bench.write("data/c.txt", "More text than there was when it was planned.\n".repeat(40));
    let changed = bench.run(&["run", "plan.json", "--fresh"]);
    assert!(changed.status == 1 && changed.err.contains("E0966"), "{changed:?}");
}

#[test]
fn members_of_a_sweep_run_one_after_the_other() {
    let bench = Bench::good();
    bench.write("sweep.exp", format!("{GOOD}\nsweep lr {{ pretrain.optimizer.lr = [1e-3, 2e-3] }}\n"));
    let said = bench.run(&["run", "sweep.exp"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.out.matches("stage pretrain finished").count(), 2, "{}", said.out);
}

#[test]
fn a_member_that_diverges_does_not_end_the_sweep() {
    let bench = Bench::good();
    bench.write("sweep.exp", format!("{GOOD}\nsweep lr {{ pretrain.optimizer.lr = [1e30, 1e-3] }}\n"));
    let said = bench.run(&["run", "sweep.exp"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert_eq!(said.out.matches("stage pretrain finished").count(), 1, "{said:?}");
    let end = said.err.rsplit_once("1 of 2 members of the sweep failed:").map(|(_, end)| end);
    assert!(end.is_some_and(|end| end.contains("good.pretrain.optimizer.lr-1e30: ")), "{said:?}");
}

#[test]
fn text_is_generated_from_a_run_and_the_same_seed_gives_the_same() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    let text = |seed: &str| {
        let said = bench.run(&[
            "generate",
            "runs/good/pretrain",
            "--prompt",
            "To be",
            "--tokens",
            "20",
            "--seed",
            seed,
        ]);
        assert!(said.status == 0 && said.out.starts_with("To be"), "{said:?}");
        said.out
    };
    assert_eq!(text("7"), text("7"));
    assert_ne!(text("7"), text("8"));
    let missing = bench.run(&["generate", "nowhere", "--prompt", "To be"]);
    assert!(missing.status == 1 && missing.err.contains("E0970"), "{missing:?}");
}

#[test]
fn an_exported_model_generates_and_predicts_what_its_checkpoint_does() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    assert_eq!(bench.run(&["export", "runs/good/pretrain", "exported"]).status, 0);
    bench.write(
        "some.txt",
        "To be, or not to be, that is the question: whether it is nobler in the mind to suffer",
    );
    let [here, there] = ["runs/good/pretrain", "exported"].map(|model| {
        let generate = ["generate", model, "--prompt", "To be", "--tokens", "30", "--seed", "7", "--report"];
        let generated = bench.run(&[&generate[..], &["--check-memory"]].concat());
        assert!(generated.status == 0 && generated.err.contains("  equal: "), "{generated:?}");
        let predicted = bench.run(&["evaluate", model, "--text", "some.txt", "--stride", "3"]);
        assert!(predicted.status == 0 && predicted.out.contains("  equal: "), "{predicted:?}");
        // All but the pace of the first line.
        (generated.out, predicted.out.lines().skip(1).map(str::to_owned).collect::<Vec<_>>())
    });
    assert_eq!(here, there);
    assert!(here.0.starts_with("To be") && here.0.len() > 12 && here.1[0].starts_with("  loss "), "{here:?}");
}

#[test]
fn what_cannot_be_generated_or_evaluated_is_said() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    for (arguments, code) in [
        (&["generate", "runs/good/pretrain", "--prompt", "To", "--top-p", "1.5"][..], "E0968"),
        (&["generate", "runs/good/pretrain", "--prompt", "To", "--stop", ""], "E0968"),
        (&["generate", "runs/good/pretrain", "--prompt", ""], "E0963"),
        (&["generate", "runs/good/pretrain", "--prompt", "To", "--chat"], "E0590"),
        (&["evaluate", "runs/good/pretrain", "--text", "a.txt", "--stride", "0"], "E0971"),
        (&["evaluate", "runs/good/pretrain", "--text", "nowhere.txt"], "E0810"),
        (&["evaluate", "nowhere", "--text", "a.txt"], "E0970"),
    ] {
        let said = bench.run(arguments);
        assert!(
            said.status == 1 && said.err.contains(code) && said.out.is_empty(),
            "{arguments:?}: {said:?}"
        );
    }
    bench.write("encoder/config.json", r#"{"model_type": "bert"}"#);
    let tokenizer = std::fs::read(bench.path("runs/good/pretrain/tokenizer.json")).unwrap();
    std::fs::write(bench.path("encoder/tokenizer.json"), tokenizer).unwrap();
    let said = bench.run(&["generate", "encoder", "--prompt", "To"]);
    assert!(said.status == 1 && said.err.contains("E0603"), "{said:?}");
}

#[test]
fn a_checkpoint_is_exported_and_nothing_is_overwritten() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["run", "good.exp"]).status, 0);
    let said = bench.run(&["export", "runs/good/pretrain", "exported"]);
    assert!(said.status == 0 && said.out.starts_with("wrote exported: "), "{said:?}");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        assert!(bench.path("exported").join(file).is_file(), "{file}");
    }
    let again = bench.run(&["export", "runs/good/pretrain", "exported"]);
    assert!(again.status == 1 && again.err.contains("exists already"), "{again:?}");
    assert!(again.err.contains("name a folder that does not exist yet"), "{again:?}");
    bench.write("file", "");
    for place in ["file/exported", "/proc/exported"] {
        let refused = bench.run(&["export", "runs/good/pretrain", place]);
        assert!(refused.status == 1 && refused.err.contains("E0961"), "{refused:?}");
        assert!(refused.err.contains("may be written to") && !refused.err.contains(".tmp-"), "{refused:?}");
    }
}

/// Every model that transformers made is declared by its `config.json`, loaded, trained one step at a rate of almost nothing, exported,
/// and loaded again from what was exported.
#[test]
fn models_of_transformers_are_loaded_trained_and_given_back() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let decoders = ["gpt2/odd", "llama/small", "llama/grouped", "llama/linear", "llama/llama3", "llama/yarn"];
    let encoders = ["bert/odd", "roberta/small", "deberta/small", "deberta/enhanced"];
    for path in decoders.into_iter().chain(encoders) {
        let bench = Bench::new();
        // No more letters than the smallest of the models has tokens.
        bench.write("text.txt", "abcde fghij\n\nklmno pqr\n\n".repeat(80));
        std::fs::create_dir(bench.path("theirs")).unwrap();
        for file in ["config.json", "model.safetensors"] {
            std::fs::copy(golden.join(path).join(file), bench.path("theirs").join(file)).unwrap();
        }
        let config: serde_json::Value = serde_json::from_str(&bench.read("theirs/config.json")).unwrap();
        let declared = |folder: &str| {
            let (model, kind) = match path.split('/').next() {
                Some("gpt2") => (gpt2(&config), "causal_lm"),
                Some("llama") => (llama(&config), "causal_lm"),
                _ => (encoder(&config, path.ends_with("enhanced")), "masked_lm"),
            };
            ONE_STEP.replace("MODEL", &model).replace("KIND", kind).replace("FOLDER", folder)
        };
        bench.write("one.exp", declared("theirs"));
        let said = bench.run(&["run", "one.exp"]);
        assert_eq!(said.status, 0, "{path}: {said:?}");
        assert_eq!(bench.run(&["export", "runs/one/more", "ours"]).status, 0, "{path}");
        let tensors = |folder: &str| {
            let bytes = std::fs::read(bench.path(folder).join("model.safetensors")).unwrap();
            let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            let mut all: Vec<(String, Vec<usize>, Vec<f32>)> = file
                .iter()
                .map(|(n, t)| {
                    let numbers =
                        t.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                    (n.to_owned(), t.shape().to_vec(), numbers.collect())
                })
                .collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all
        };
        let (theirs, ours) = (tensors("theirs"), tensors("ours"));
        assert_eq!(theirs.len(), ours.len(), "{path}");
        for (a, b) in theirs.iter().zip(&ours) {
            assert_eq!((&a.0, &a.1), (&b.0, &b.1), "{path}");
            assert!(a.2.iter().zip(&b.2).all(|(a, b)| (a - b).abs() < 1e-6), "{path}: {}", a.0);
        }
        bench.write("again.exp", declared("ours").replace("experiment one", "experiment again"));
        let again = bench.run(&["run", "again.exp"]);
        assert_eq!(again.status, 0, "{path}: {again:?}");
    }
}

const ONE_STEP: &str = "experiment one { seed = 1 }
hardware cpu : cpu { threads = 2 }
tokenizer letters : chars { train_on = words }
data words : text { files = \"text.txt\", document = paragraph, split = { train = 90%, validation = 10% } }
model theirs : MODEL, tokenizer = letters, weights = \"FOLDER\" }
stage more : KIND {
  on = cpu, model = theirs, data = words, sequence = 8 tokens, batch = 2 sequences, duration = 1 steps
  optimizer = adamw { lr = 1e-9, weight_decay = 0 }, checkpoint = { every = 1 steps, keep = 1 }
}
";

fn gpt2(config: &serde_json::Value) -> String {
    format!(
        "gpt {{ layers = {}, heads = {}, hidden = {}, context = {}, vocab = {}, mlp = {}",
        config["n_layer"],
        config["n_head"],
        config["n_embd"],
        config["n_positions"],
        config["vocab_size"],
        config["n_inner"]
    )
}

fn llama(config: &serde_json::Value) -> String {
    let rope = &config["rope_parameters"];
    let (factor, original) = (&rope["factor"], &rope["original_max_position_embeddings"]);
    let scaling = match rope["rope_type"].as_str() {
        Some("linear") => format!(", rope_scaling = linear {{ factor = {factor} }}"),
        Some(name @ ("llama3" | "yarn")) => {
            format!(", rope_scaling = {name} {{ factor = {factor}, original = {original} }}")
        }
        _ => String::new(),
    };
    format!(
        "llama {{ layers = {}, heads = {}, kv_heads = {}, hidden = {}, mlp = {}, context = {}, vocab = {}, tied = {}, \
         head_size = {}, norm_eps = {}{scaling}",
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["num_key_value_heads"],
        config["hidden_size"],
        config["intermediate_size"],
        config["max_position_embeddings"],
        config["vocab_size"],
        config["tie_word_embeddings"],
        config["head_dim"],
        config["rms_norm_eps"]
    )
}

fn encoder(config: &serde_json::Value, enhanced: bool) -> String {
    let number = |key: &str| config[key].as_u64().unwrap();
    let own = match config["model_type"].as_str().unwrap() {
        "bert" => format!("bert {{ segments = {}", number("type_vocab_size")),
        "roberta" => "roberta {".to_owned(),
        _ => format!(
            "deberta {{ buckets = {}, mask_decoder = {}",
            number("position_buckets"),
            if enhanced { "enhanced" } else { "plain" }
        ),
    };
    let beyond = if own.starts_with("roberta") { 2 } else { 0 };
    let comma = if own.ends_with('{') { "" } else { "," };
    format!(
        "{own}{comma} layers = {}, heads = {}, hidden = {}, context = {}, vocab = {}, mlp = {}, norm_eps = {}",
        number("num_hidden_layers"),
        number("num_attention_heads"),
        number("hidden_size"),
        number("max_position_embeddings") - beyond,
        number("vocab_size"),
        number("intermediate_size"),
        config["layer_norm_eps"]
    )
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_and_says_how_to_go_on() {
    // Ctrl-C, the end that a cluster announces, and a terminal that is closed.
    ["-INT", "-TERM", "-HUP"].into_iter().for_each(interrupted);
}

#[cfg(unix)]
fn interrupted(by: &str) {
    let bench = Bench::good();
    bench.write("long.exp", GOOD.replace("duration    = 6 steps", "duration    = 200_000 steps"));
    let mut command = bench.command(&["run", "long.exp", "--set", "pretrain.evaluate.every=1000 steps"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun =
        || bench.path("runs/good/pretrain/checkpoints").read_dir().is_ok_and(|mut d| d.next().is_some());
    let start = Instant::now();
    while !begun() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let signalled = std::process::Command::new("kill").args([by, &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let said = Said::of(child.wait_with_output().unwrap());
    assert_eq!(said.status, 130, "{by}: {said:?}");
    let command = "regimen run long.exp --set 'pretrain.evaluate.every=1000 steps' --resume";
    assert!(said.err.contains(command), "{}", said.err);
    assert!(said.out.contains("was interrupted and saved after step"), "{}", said.out);
}

#[test]
fn codes_of_the_runtime_are_explained() {
    let bench = Bench::new();
    let page = bench.run(&["explain", "E0954"]);
    assert!(page.status == 0 && page.out.contains("--resume"), "{page:?}");
    assert!(bench.run(&["explain"]).out.contains("E0901"));
}

#[test]
fn checking_never_loads_libtorch() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_regimen")).unwrap();
    let engine = std::fs::read(env!("CARGO_BIN_EXE_regimen-engine")).unwrap();
    let needs = |bytes: &[u8]| bytes.windows(12).any(|window| window == b"libtorch_cpu");
    assert!(needs(&engine) && !needs(&program));
}

/// What the last run of `good.exp` measured.
fn measured(bench: &Bench) -> serde_json::Value {
    let mut value: serde_json::Value =
        serde_json::from_str(&bench.read("runs/good/pretrain/result.json")).unwrap();
    value["measured"].take()
}
