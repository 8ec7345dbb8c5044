//! Text from a model: one token after the other, drawn from its distribution.
//!
//! Keys and values of the tokens so far are in the stage's caches, so that a token costs what one token costs. The draw happens on the host
//! in double precision with a counter-based random number per position, so the same weights, prompt, settings and key give the same text,
//! whatever was computed before.

mod decode;
pub(crate) mod philox;
mod sample;
mod stop;
mod window;

pub use sample::Sampling;
pub use stop::Stops;

use crate::run::codes;
use crate::run::engine::Engine;
use decode::Decoder;
use philox::uniform;
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_data::Tokenize;
use stop::Held;
use window::Window;

/// Names of a stage's programs for generating text.
#[derive(Clone, Copy, Debug)]
pub struct Programs<'a> {
    /// Takes tokens of a prompt into the cache.
    pub prefill: &'a str,
    /// Takes one token and gives the next.
    pub decode: &'a str,
}

/// What is to be generated.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Tokens to begin with.
    pub prompt: &'a [u32],
    /// Tokens to generate at most.
    pub tokens: u64,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// What ends the text.
    pub stops: &'a Stops,
    /// Key of the random stream.
    pub key: i64,
}

/// What was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The text after the prompt, without what ended it.
    pub text: String,
    /// Its tokens, without a stop token.
    pub tokens: Vec<u32>,
    /// Why it ended.
    pub ending: Ending,
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model gave a stop token.
    Token,
    /// The text contained a stop text.
    Text,
    /// It has as many tokens as were asked for.
    Length,
}

/// Generates texts with one stage's programs and its engine's current weights. What a text shares with the one before, from its first token
/// on, is not computed again.
pub struct Generator<'a> {
    window: Window<'a>,
    tokenizer: &'a dyn Tokenize,
    vocabulary: usize,
}

impl std::fmt::Debug for Generator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator").field("tokenizer", &self.tokenizer).finish_non_exhaustive()
    }
}

impl<'a> Generator<'a> {
    /// Over a stage's programs.
    ///
    /// # Errors
    /// If the stage has no such programs, or no caches for them.
    pub fn new(
        stage: &Stage,
        programs: Programs<'a>,
        engine: &'a mut dyn Engine,
        tokenizer: &'a dyn Tokenize,
    ) -> Result<Generator<'a>, Diagnostic> {
        let window = Window::of(stage, programs, engine)?;
        let vocabulary = usize::try_from(tokenizer.vocab().min(stage.model.vocab)).unwrap_or(usize::MAX);
        Ok(Generator { window, tokenizer, vocabulary })
    }

    /// Generates one text. When prompt and text outgrow the caches, the older half falls out of the model's view.
    ///
    /// `piece` receives the text as it grows, whole characters only.
    ///
    /// # Errors
    /// If the prompt holds no token, a setting has no meaning, or running a program fails.
    pub fn generate(
        &mut self,
        request: &Request,
        piece: &mut dyn FnMut(&str),
    ) -> Result<Generated, Diagnostic> {
        request.sampling.check()?;
        request.stops.check()?;
        if request.prompt.is_empty() {
            return Err(codes::prompt_empty());
        }
        let mut all = request.prompt.to_vec();
        let mut decoder = Decoder::new(all.len());
        let mut held = Held::new(&request.stops.texts, piece);
        let mut ending = Ending::Length;
        for position in 0..request.tokens {
            let token = self.next(&all, request, uniform(request.key, position))?;
            if request.stops.tokens.contains(&token) {
                ending = Ending::Token;
                break;
            }
            all.push(token);
            decoder.advance(self.tokenizer, &all, &mut |text| held.push(text));
            if held.stopped() {
                ending = Ending::Text;
                break;
            }
        }
        decoder.finish(self.tokenizer, &all, &mut |text| held.push(text));
        // The last characters may complete a stop text that half a character hid.
        let ending = if held.stopped() { Ending::Text } else { ending };
        Ok(Generated { text: held.finish(), tokens: all.split_off(request.prompt.len()), ending })
    }

    fn next(&mut self, all: &[u32], request: &Request, uniform: f64) -> Result<u32, Diagnostic> {
        let mut logits = self.window.after(all)?;
        // A table padded beyond the vocabulary has rows that no token stands for.
        logits.truncate(self.vocabulary);
        request
            .sampling
            .choose(&mut logits, all, uniform)
            .ok_or_else(|| codes::generation_failed("the model's logits are not finite"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{Bench, stage};
    use regimen_data::tokenizer::Bytes;

    const PROGRAMS: Programs<'static> = Programs { prefill: "prefill", decode: "decode" };

    fn try_text(
        prompt: &str,
        tokens: u64,
        sampling: Sampling,
        stops: &Stops,
    ) -> Result<Generated, Diagnostic> {
        let stage = stage();
        let mut bench = Bench::new(&stage);
        let prompt: Vec<u32> = prompt.bytes().map(u32::from).collect();
        let request = Request { prompt: &prompt, tokens, sampling, stops, key: 7 };
        let mut pieces = String::new();
        let mut generator = Generator::new(&stage, PROGRAMS, &mut bench, &Bytes)?;
        let generated = generator.generate(&request, &mut |p| pieces.push_str(p))?;
        assert_eq!(pieces, generated.text, "pieces add up to the text");
        Ok(generated)
    }

    fn text(prompt: &str, tokens: u64, sampling: Sampling) -> Generated {
        try_text(prompt, tokens, sampling, &Stops { tokens: vec![256], texts: vec![] }).unwrap()
    }

    #[test]
    fn greedy_follows_the_largest_logit_across_the_sliding_window() {
        // The bench's model prefers the byte after the last one it is shown.
        let generated = text("a", 12, Sampling::GREEDY);
        assert_eq!(generated.text, "bcdefghijklm");
        assert_eq!(generated.ending, Ending::Length);
        // The prompt alone is longer than the cache.
        assert_eq!(text("xxxxxxxxxxxxxxxxxxa", 3, Sampling::GREEDY).text, "bcd");
    }

    #[test]
    fn a_stop_token_ends_it() {
        // The bench's model ends the text after a tilde.
        let generated = text("|", 9, Sampling::GREEDY);
        assert_eq!((generated.text.as_str(), generated.ending), ("}~", Ending::Token));
        assert_eq!(generated.tokens, [125, 126]);
    }

    #[test]
    fn a_stop_text_ends_it_and_is_not_shown() {
        let stops = Stops { tokens: vec![], texts: vec!["xyz".into(), "efg".into()] };
        let generated = try_text("a", 12, Sampling::GREEDY, &stops).unwrap();
        assert_eq!((generated.text.as_str(), generated.ending), ("bcd", Ending::Text));
        assert_eq!(generated.tokens.last(), Some(&103), "the tokens are those that were computed");
    }

    #[test]
    fn the_same_key_draws_the_same_text() {
        let hot = Sampling { temperature: 5.0, ..Sampling::GREEDY };
        assert_eq!(text("a", 16, hot), text("a", 16, hot));
        assert_ne!(text("a", 16, hot), text("a", 16, Sampling { temperature: 50.0, ..hot }));
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let code = |prompt, sampling, texts: &[&str]| {
            let stops = Stops { tokens: vec![], texts: texts.iter().map(|t| (*t).to_owned()).collect() };
            try_text(prompt, 1, sampling, &stops).unwrap_err().code.0
        };
        let g = Sampling::GREEDY;
        assert_eq!(code("", g, &[]), "E0963");
        for temperature in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(code("a", Sampling { temperature, ..g }, &[]), "E0968");
        }
        for top_p in [0.0, -0.5, 1.5, f64::NAN] {
            assert_eq!(code("a", Sampling { top_p: Some(top_p), ..g }, &[]), "E0968");
        }
        for repetition_penalty in [0.0, -1.0, f64::INFINITY] {
            assert_eq!(code("a", Sampling { repetition_penalty, ..g }, &[]), "E0968");
        }
        assert_eq!(code("a", Sampling { top_k: Some(0), ..g }, &[]), "E0968");
        assert_eq!(code("a", g, &["x", ""]), "E0968");
    }
}
