//! Text from a model: one token after the other, drawn from its distribution.
//!
//! The draw happens on the host in double precision with a counter-based random number per position, so the
//! same weights, prompt, temperature and key give the same text, whatever was computed before.

mod decode;
pub(crate) mod philox;
mod sample;
mod scoring;

pub use sample::Sampling;
pub use scoring::scoring_stage;

/// Name of the program that a stage scores next tokens with.
pub const SCORE: &str = "score";

use crate::run::codes;
use crate::run::engine::{Engine, HostSlice};
use decode::Decoder;
use philox::uniform;
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::Program;
use regimen_data::Tokenize;
use sample::draw;

/// What is to be generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<'a> {
    /// Text to begin with.
    pub prompt: &'a str,
    /// Tokens to generate at most.
    pub tokens: u64,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Key of the random stream.
    pub key: i64,
}

/// What was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The text after the prompt.
    pub text: String,
    /// Its tokens, the end-of-text token aside.
    pub tokens: Vec<u32>,
    /// Whether the model ended the text itself.
    pub ended: bool,
}

/// Generates text with the stage's `score` program and the engine's current weights. When prompt and text
/// outgrow the program's sequence, the oldest tokens fall out of its view.
///
/// `piece` receives the text as it grows, whole characters only.
///
/// # Errors
/// If the prompt holds no token, the program is not a scoring program, or running it fails.
pub fn generate(
    stage: &Stage,
    program: &str,
    engine: &mut dyn Engine,
    tokenizer: &dyn Tokenize,
    request: &Request,
    piece: &mut dyn FnMut(&str),
) -> Result<Generated, Diagnostic> {
    request.sampling.check()?;
    let mut window = Window::of(stage, program)?;
    let prompt = tokenizer.encode(request.prompt).map_err(|fault| *fault)?;
    if prompt.is_empty() {
        return Err(codes::prompt_empty());
    }
    let vocabulary = usize::try_from(tokenizer.vocab().min(stage.model.vocab)).unwrap_or(usize::MAX);
    let mut all = prompt.clone();
    let mut decoder = Decoder::new(prompt.len());
    let mut ended = false;
    for position in 0..request.tokens {
        let logits = window.score(engine, program, &all)?;
        // A table padded beyond the vocabulary has rows that no token stands for.
        let logits = logits.get(..vocabulary).unwrap_or(&logits);
        let token = draw(logits, request.sampling, uniform(request.key, position))
            .ok_or_else(|| codes::generation_failed("the model's logits are not finite"))?;
        ended = token == tokenizer.end_of_text();
        if ended {
            break;
        }
        all.push(token);
        decoder.advance(tokenizer, &all, piece);
    }
    let text = decoder.finish(tokenizer, &all, piece);
    Ok(Generated { text, tokens: all.split_off(prompt.len()), ended })
}

/// The inputs of a scoring program: `tokens` `[1, T]` and `index` `[1]`, the position whose successor is
/// asked for. The output is `[1, V]`.
struct Window {
    tokens: Vec<i64>,
}

impl Window {
    fn of(stage: &Stage, name: &str) -> Result<Window, Diagnostic> {
        let program = stage.programs.get(name);
        let length = program.and_then(sequence).ok_or_else(|| {
            codes::generation_failed(format!("stage `{}` has no scoring program `{name}`", stage.name))
        })?;
        Ok(Window { tokens: vec![0; length] })
    }

    /// The logits of the token after the last.
    fn score(&mut self, engine: &mut dyn Engine, program: &str, all: &[u32]) -> Result<Vec<f64>, Diagnostic> {
        let seen = all.get(all.len().saturating_sub(self.tokens.len())..).unwrap_or(all);
        // What stands after the last token cannot be seen by it: attention is causal.
        self.tokens.fill(0);
        for (place, &token) in self.tokens.iter_mut().zip(seen) {
            *place = i64::from(token);
        }
        let index = [seen.len() as i64 - 1];
        let inputs = [("tokens", HostSlice::I64(&self.tokens)), ("index", HostSlice::I64(&index))];
        let outputs = engine.run(program, &inputs)?;
        let logits = outputs.into_iter().next();
        logits.ok_or_else(|| codes::generation_failed(format!("program `{program}` has no output")))
    }
}

fn sequence(program: &Program) -> Option<usize> {
    let tensor = |source: &str| {
        let input = program.inputs.iter().find(|i| i.source == source)?;
        program.tensors.get(input.tensor.index())
    };
    let (tokens, index) = (tensor("tokens")?, tensor("index")?);
    let fits = tokens.ty.shape.first() == Some(&1) && index.ty.elements() == 1 && !program.outputs.is_empty();
    let length = usize::try_from(tokens.ty.elements()).ok()?;
    (fits && length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{Bench, stage};
    use regimen_data::tokenizer::Bytes;

    fn text(prompt: &str, tokens: u64, sampling: Sampling, key: i64) -> Generated {
        let stage = stage();
        let mut bench = Bench::new(&stage);
        let request = Request { prompt, tokens, sampling, key };
        let mut pieces = String::new();
        let generated =
            generate(&stage, "score", &mut bench, &Bytes, &request, &mut |p| pieces.push_str(p)).unwrap();
        assert_eq!(pieces, generated.text, "pieces add up to the text");
        generated
    }

    const GREEDY: Sampling = Sampling { temperature: 0.0, top_k: None };

    #[test]
    fn greedy_follows_the_largest_logit_across_the_sliding_window() {
        // The bench's model prefers the byte after the last one it is shown.
        let generated = text("a", 12, GREEDY, 0);
        assert_eq!(generated.text, "bcdefghijklm");
        assert!(!generated.ended);
        // The prompt alone is longer than the program's sequence.
        assert_eq!(text("xxxxxxxxxxxxxxxxxxa", 3, GREEDY, 0).text, "bcd");
    }

    #[test]
    fn the_end_of_text_token_ends_it() {
        // The bench's model ends the text after a tilde.
        let generated = text("|", 9, GREEDY, 0);
        assert_eq!((generated.text.as_str(), generated.ended), ("}~", true));
    }

    #[test]
    fn the_same_key_draws_the_same_text_and_another_key_another() {
        let hot = Sampling { temperature: 5.0, top_k: None };
        assert_eq!(text("a", 16, hot, 7), text("a", 16, hot, 7));
        assert_ne!(text("a", 16, hot, 7), text("a", 16, hot, 8));
    }

    #[test]
    fn an_empty_prompt_and_a_negative_temperature_are_refused() {
        let stage = stage();
        let mut bench = Bench::new(&stage);
        let mut code = |prompt, temperature| {
            let sampling = Sampling { temperature, top_k: None };
            let request = Request { prompt, tokens: 1, sampling, key: 0 };
            generate(&stage, "score", &mut bench, &Bytes, &request, &mut |_| ()).unwrap_err().code.0
        };
        assert_eq!(code("", 1.0), "E0963");
        assert_eq!(code("a", -1.0), "E0963");
        assert_eq!(code("a", f64::NAN), "E0963");
    }
}
