//! What the front end's tests share: a small complete experiment and a plain rendering of diagnostics.

#![allow(dead_code)]

use regimen_base::data::{AnswerFacts, DatasetFacts, Length, Probe, ProbeTurn, Role, SplitFacts, Texts};
use regimen_base::{Diagnostic, SourceMap};
use regimen_compiler::front::{Front, Options, load};
use regimen_compiler::world::MemoryWorld;
use std::fmt::Write;

/// Declarations of a small complete experiment; an example that declares a name of its own replaces it.
const PRELUDE: &[(&str, &str)] = &[
    ("experiment", "experiment docs {}"),
    ("corpus", "data corpus : text { files = \"data/*.txt\", split = { train = 90%, validation = 10% } }"),
    ("words", "tokenizer words : bytes {}"),
    ("gpt2", "model gpt2 : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }"),
    ("box", "hardware box : cpu {}"),
    (
        "base",
        "stage base : causal_lm { on = box, model = gpt2, data = corpus, batch = 8 sequences, \
         duration = 100 steps, optimizer = adamw { lr = 1e-3 } }",
    ),
];

/// The example with whatever it lacks of a complete experiment after it.
pub fn complete(example: &str) -> String {
    let declares = |name: &str| {
        example.lines().any(|line| {
            let mut words = line.split_whitespace();
            let first = words.next();
            first == Some(name) || (first != Some("budget") && first.is_some() && words.next() == Some(name))
        })
    };
    let missing = PRELUDE.iter().filter(|(name, _)| !declares(name)).map(|(_, text)| *text);
    missing.fold(format!("{}\n", example.trim_end()), |all, text| all + text + "\n")
}

/// The files that examples may name.
pub fn world(root: &str) -> MemoryWorld {
    let mut world = files(root);
    // Chat templates, by the name of the dataset that they render.
    world.probes.insert("talks".into(), probe(true, Some("<|endoftext|>"), true));
    world.probes.insert("unmarked".into(), probe(false, Some("<|im_end|>"), false));
    world.probes.insert("endless".into(), probe(true, Some("<|im_end|>"), false));
    world.probes.insert("letters".into(), probe(true, None, false));
    let lengths =
        [(20, 40), (60, 10)].map(|(tokens, conversations)| Length { tokens, conversations, supervised: 300 });
    let train = SplitFacts {
        name: "train".into(),
        documents: 50,
        bytes: 9_000,
        tokens: 1_400,
        records: None,
        lengths: lengths.to_vec(),
        left_out: 0,
        members: vec![],
        unknown: 0,
        answers: None,
    };
    let facts = DatasetFacts::measured(vec![train], String::new());
    world.datasets.insert("lengthy".into(), facts);
    for (name, longest) in [("long_choices", [20, 40]), ("longest_choices", [60, 90])] {
        let texts = longest.map(|longest| Texts { longest, records: 10, tokens: 18 * longest }).to_vec();
        let train = SplitFacts {
            name: "train".into(),
            documents: 20,
            answers: Some(AnswerFacts { texts, ..AnswerFacts::default() }),
            ..SplitFacts::default()
        };
        world.datasets.insert(name.into(), DatasetFacts::measured(vec![train], String::new()));
    }
    world
}

/// A conversation of two turns, the second of which is or is not a label.
fn probe(content_counts: bool, end: Option<&str>, end_counts: bool) -> Probe {
    let end = end.map(str::to_owned);
    let after = end.clone().unwrap_or_else(|| "<|im_end|>\n".into());
    let user = ProbeTurn {
        role: Role::User,
        content_counts: false,
        end: end.clone(),
        end_counts: false,
        after: after.clone(),
    };
    let assistant = ProbeTurn { role: Role::Assistant, content_counts, end, end_counts, after };
    Probe { tokens: 20, supervised: u64::from(content_counts) * 5, turns: vec![user, assistant] }
}

fn files(root: &str) -> MemoryWorld {
    MemoryWorld::with("experiment.exp", root)
        .and("lib/lab.exp", "hardware h100_node : h100_sxm { price = $2.49/gpu/h }\nlet width = 64\n")
        .and("lib/round.exp", "import \"round.exp\" as again\n")
        .and("lib/whole.exp", "experiment whole { seed = 3 }\n")
        .and(
            "lib/cards.toml",
            "[my_card]\nbackend = \"cuda\"\nmemory = \"24 GiB\"\nbandwidth = \"900 GB/s\"\nf32 = \"40 TFLOP/s\"\nmultiprocessors = 80\ncontext = \"600 MiB\"\n",
        )
        .and("lib/broken.toml", "[my_card]\nbackend = \"tpu\"\n")
        .and(
            "gpt2/config.json",
            "{ \"n_layer\": 12, \"n_head\": 12, \"n_embd\": 768, \"n_positions\": 1024, \"vocab_size\": 50257 }",
        )
}

/// Loads a text as the root file.
pub fn load_text(text: &str) -> (Front, Vec<Diagnostic>) {
    load(&world(text), "experiment.exp", &Options::default())
}

/// One message as plain text: code, severity, title, places, reasons, help, fixes.
pub fn render(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let mut out = String::new();
    let severity = format!("{:?}", diagnostic.severity).to_lowercase();
    let _ = writeln!(out, "{severity}[{}]: {}", diagnostic.code, diagnostic.title);
    for label in &diagnostic.labels {
        let (line, column) = sources.line_column(label.span);
        let file = sources.get(label.span.file).map_or("?", |s| s.name.as_str());
        let text = sources.slice(label.span).lines().next().unwrap_or("");
        let _ = writeln!(out, "  --> {file}:{line}:{column} `{text}`: {}", label.text);
    }
    for note in &diagnostic.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  help: {help}");
    }
    for fix in &diagnostic.fixes {
        let edits: Vec<String> =
            fix.edits.iter().map(|e| format!("`{}` → `{}`", sources.slice(e.span), e.replacement)).collect();
        let _ = writeln!(out, "  fix: {} ({})", fix.title, edits.join(", "));
    }
    out
}

/// All messages as plain text.
pub fn render_all(front: &Front, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|d| render(front.sources(), d)).collect::<Vec<_>>().join("\n")
}
