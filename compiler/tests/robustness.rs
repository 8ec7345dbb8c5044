//! No text whatever makes the front end panic, hang or use unbounded memory.

mod frontend;

use frontend::{complete, load_text, world};
use proptest::prelude::*;
use regimen_compiler::front::{Options, load};
use regimen_compiler::show::show;
use std::time::{Duration, Instant};

const GOOD: &str = include_str!("frontend/tour.exp");

/// Words that mean something, to be thrown together at random.
const WORDS: &[&str] = &[
    "model",
    "stage",
    "data",
    "let",
    "gpt2",
    "base",
    "self",
    "corpus",
    "with",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "=",
    "<=",
    ",",
    ".",
    ":",
    "\n",
    "\"a\"",
    "1",
    "0",
    "-1",
    "2%",
    "10B tokens",
    "$4",
    "1e300",
    "^",
    "*",
    "/",
    "+",
    "auto",
    "adamw",
    "optimizer.lr",
    "base.tokens",
    "gpt2.params",
    "corpus.validation",
    "min(",
    "budget",
    "sweep",
    "variant",
    "assert",
    "mix",
    "causal_lm",
    "import \"lib/lab.exp\" as lab\n",
    "lab.width",
    "true",
    "not",
    "from",
    "base.best",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn any_text_ends_in_diagnostics(text in "\\PC{0,400}") {
        let (front, _) = load_text(&text);
        let _shown = show(&front);
    }

    #[test]
    fn mutated_experiments_end_in_diagnostics(
        at in 0usize..GOOD.len(),
        length in 0usize..30,
        words in prop::collection::vec(prop::sample::select(WORDS), 0..6),
    ) {
        let boundary = |mut i: usize| { while !GOOD.is_char_boundary(i) { i -= 1; } i };
        let (start, end) = (boundary(at), boundary((at + length).min(GOOD.len())));
        let text = format!("{}{}{}", &GOOD[..start], words.join(" "), &GOOD[end..]);
        let (front, diagnostics) = load_text(&text);
        // Either there is something to run, or somebody was told why not.
        prop_assert!(!front.experiments.is_empty() || diagnostics.iter().any(|d| d.is_error()));
        let _shown = show(&front);
    }

    #[test]
    fn words_thrown_together_end_in_diagnostics(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        let (front, _) = load_text(&complete(&words.join(" ")));
        let _shown = show(&front);
    }

    #[test]
    fn any_value_on_the_command_line_ends_in_diagnostics(path in "[a-z0-9. ]{0,20}", value in "\\PC{0,40}") {
        let set = vec![(path, value)];
        let (front, _) = load(&world(&complete("")), "experiment.exp", &Options { set, ..Options::default() });
        let _shown = show(&front);
    }
}

#[test]
fn hostile_files_end_soon() {
    let chain = |n: usize, line: &dyn Fn(usize) -> String| (0..n).map(line).collect::<Vec<_>>().join("\n");
    let texts = [
        chain(5_000, &|i| format!("let a{i} = a{} + 1", i + 1)),
        chain(5_000, &|i| format!("model m{i} = m{} with {{ layers = {} }}", i + 1, i + 1)),
        chain(40, &|i| format!("let a{i} = a{j} * a{j} * a{j}", j = i + 1)) + "\nlet a40 = 3.7",
        chain(60, &|i| format!("data d{i} : mix {{ sources = {{ d{a} = 50%, e{a} = 50% }} }}\ndata e{i} : mix {{ sources = {{ d{a} = 50%, e{a} = 50% }} }}", a = i + 1)),
        format!("let a = {}1", "1 + ".repeat(20_000)),
        format!("let a = 1{}", " / 3".repeat(20_000)),
        format!("let a = {}1{}", "(".repeat(60), ")".repeat(60)),
        format!("let a = {}", "min(1, 2) * ".repeat(10_000) + "1"),
        format!("let a = 1 {}", vec!["s"; 50_000].join("/")),
        chain(20, &|i| format!("sweep s{i} {{ base.batch = [4 sequences, 8 sequences] }}")),
        format!("stage x = base with {{ {} }}", chain(20_000, &|i| format!("f{i} = 1"))),
        "model gpt2 : gpt { layers = 10000, heads = 1, hidden = 1000000, context = 100000000, tokenizer = words, mlp = 10000000, vocab = 100000000 }".into(),
        "stage x = base with { duration = 1e290 tokens, sequence = 1 }".into(),
        "stage x = base with { batch = 1e19 sequences, duration = 1e19 steps }".into(),
    ];
    for text in texts {
        let start = Instant::now();
        let (front, _) = load_text(&complete(&text));
        let _shown = show(&front);
        let taken = start.elapsed();
        assert!(
            taken < Duration::from_secs(20),
            "{taken:?} for {}",
            text.chars().take(60).collect::<String>()
        );
    }
}
