//! What the model has seen of a text: which tokens lie in the cache, and how more get there.

use super::Programs;
use crate::run::codes;
use crate::run::engine::{Engine, HostSlice};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::{Program, Role};

/// One text over the caches of a stage. Token i of the view is at position i; a text that outgrows the cache is cut so that its newer half
/// is left, and the rest is computed anew.
pub struct Window<'a> {
    engine: &'a mut dyn Engine,
    programs: Programs<'a>,
    /// Tokens that the prefill program takes at once.
    chunk: usize,
    /// Tokens that the caches hold.
    length: usize,
    /// Tokens in the caches.
    held: Vec<u32>,
    /// Tokens of the text before the view.
    dropped: usize,
}

impl<'a> Window<'a> {
    /// Over the caches of a stage, whatever they hold.
    ///
    /// # Errors
    /// If the stage's programs or caches are not for one text.
    pub fn of(
        stage: &Stage,
        programs: Programs<'a>,
        engine: &'a mut dyn Engine,
    ) -> Result<Window<'a>, Diagnostic> {
        let missing = |what: String| codes::generation_failed(format!("stage `{}` has {what}", stage.name));
        let chunk = |name: &str| {
            let program = stage.programs.get(name).and_then(tokens_taken);
            program.ok_or_else(|| missing(format!("no program `{name}` for one text")))
        };
        let (taken, one) = (chunk(programs.prefill)?, chunk(programs.decode)?);
        let caches = stage.residents.iter().find(|r| r.role == Role::Cache);
        let length = caches.and_then(|cache| cache.ty.shape.get(1)).map_or(0, |length| *length);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if one != 1 || taken > length {
            return Err(missing("no caches that fit its programs".to_owned()));
        }
        Ok(Window { engine, programs, chunk: taken, length, held: vec![], dropped: 0 })
    }

    /// The logits after the last token of a text of one token at least.
    ///
    /// # Errors
    /// If running a program fails.
    pub fn after(&mut self, all: &[u32]) -> Result<Vec<f64>, Diagnostic> {
        if all.len() < self.dropped || all.len() - self.dropped > self.length {
            self.dropped = if all.len() > self.length { all.len() - self.length.div_ceil(2) } else { 0 };
        }
        let view = all.get(self.dropped..).unwrap_or(all);
        let known = self.held.iter().zip(view).take_while(|(a, b)| a == b).count();
        // The last token is computed in any case: its logits are asked for.
        let mut next = known.min(view.len().saturating_sub(1));
        self.held.truncate(next);
        let mut logits = vec![];
        while next < view.len() {
            // A text always begins with a chunk, so that the programs that run are those that were planned.
            let one = next > 0 && view.len() - next == 1;
            (next, logits) = if one { self.decode(view)? } else { self.prefill(view, next)? };
            self.held = view.get(..next).unwrap_or(view).to_vec();
        }
        Ok(logits)
    }

    /// Adds the last token of the view.
    fn decode(&mut self, view: &[u32]) -> Result<(usize, Vec<f64>), Diagnostic> {
        let (token, position) = (view.last().map_or(0, |t| i64::from(*t)), view.len() as i64 - 1);
        let inputs = [("tokens", HostSlice::I64(&[token])), ("positions", HostSlice::I64(&[position]))];
        Ok((view.len(), run(self.engine, self.programs.decode, &inputs)?))
    }

    /// Adds a chunk of the view, from `next` on. Near the cache's end it begins earlier: what is there is computed again to the same.
    fn prefill(&mut self, view: &[u32], next: usize) -> Result<(usize, Vec<f64>), Diagnostic> {
        let first = next.min(self.length - self.chunk);
        let last = view.len().min(first + self.chunk);
        // What stands after the end of the text is written behind it, where nothing sees it.
        let token = |i: usize| view.get(i).map_or(0, |t| i64::from(*t));
        let tokens: Vec<i64> = (first..first + self.chunk).map(token).collect();
        let positions: Vec<i64> = (first..first + self.chunk).map(|i| i as i64).collect();
        let index = [(last - first) as i64 - 1];
        let inputs = [
            ("tokens", HostSlice::I64(&tokens)),
            ("positions", HostSlice::I64(&positions)),
            ("index", HostSlice::I64(&index)),
        ];
        Ok((last, run(self.engine, self.programs.prefill, &inputs)?))
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        self.engine.release_caches();
    }
}

fn run(engine: &mut dyn Engine, program: &str, inputs: &[(&str, HostSlice)]) -> Result<Vec<f64>, Diagnostic> {
    let outputs = engine.run(program, inputs)?;
    let logits = outputs.into_iter().next();
    logits.ok_or_else(|| codes::generation_failed(format!("program `{program}` has no output")))
}

/// T of a program's tokens `[1, T]`.
fn tokens_taken(program: &Program) -> Option<usize> {
    let input = program.inputs.iter().find(|input| input.source == "tokens")?;
    let tensor = program.tensors.get(input.tensor.index())?;
    match tensor.ty.shape[..] {
        [1, length] if length > 0 && !program.outputs.is_empty() => usize::try_from(length).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{Bench, stage};

    const PROGRAMS: Programs<'static> = Programs { prefill: "prefill", decode: "decode" };

    /// (program, first position, token) of every run.
    fn runs(texts: &[&str]) -> Vec<(String, i64, i64)> {
        let stage = stage();
        let mut bench = Bench::new(&stage);
        let mut window = Window::of(&stage, PROGRAMS, &mut bench).unwrap();
        for text in texts {
            let all: Vec<u32> = text.bytes().map(u32::from).collect();
            window.after(&all).unwrap();
        }
        drop(window);
        bench.asked
    }

    fn run(program: &str, position: i64, token: u8) -> (String, i64, i64) {
        (program.to_owned(), position, i64::from(token))
    }

    #[test]
    fn only_new_tokens_are_computed() {
        assert_eq!(
            runs(&["ab", "abc", "abcd"]),
            [run("prefill", 0, b'a'), run("decode", 2, b'c'), run("decode", 3, b'd')]
        );
        // Another text after a common beginning.
        assert_eq!(runs(&["abc", "abxyz"]), [run("prefill", 0, b'a'), run("prefill", 2, b'x')]);
        // The same text: its last token.
        assert_eq!(runs(&["abc", "abc"])[1], run("decode", 2, b'c'));
    }

    #[test]
    fn long_prompts_come_in_chunks_that_stay_inside_the_cache() {
        // Chunks of 4 tokens, a cache of 10.
        assert_eq!(
            runs(&["abcdefghij"]),
            [run("prefill", 0, b'a'), run("prefill", 4, b'e'), run("prefill", 6, b'g')]
        );
    }

    #[test]
    fn a_text_that_outgrows_the_cache_keeps_its_newer_half() {
        let asked = runs(&["abcdefghij", "abcdefghijk", "abcdefghijkl"]);
        assert_eq!(asked[3..], [run("prefill", 0, b'g'), run("decode", 4, b'k'), run("decode", 5, b'l')]);
    }
}
