//! How well a model predicts texts: the mean negative log-probability of their tokens, over windows that overlap.
//!
//! A window holds `length` tokens and begins `stride` tokens after the one before it; of its predictions those count that no earlier
//! window made. So every token but the first of a text is predicted once, with at least `length − stride` tokens before it wherever the
//! text has so many. `stride = length` makes plain blocks. Predictions are summed in double precision on the host, one sum a run.

use crate::run::codes;
use crate::run::engine::{Engine, HostSlice};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_data::Tokenize;

/// Name of the program: `tokens` and `labels` `[B, T]` and `divisor`; its output is the sum of the losses over it.
pub const LOSS: &str = "loss";

/// Of a label that does not count.
const IGNORED: i64 = -100;

/// How texts are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Tokens of a window.
    pub length: usize,
    /// Tokens from the beginning of one window to that of the next, 1 to `length`.
    pub stride: usize,
}

/// Where one window of a text lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// First token that is read.
    start: usize,
    /// First prediction that counts, from the beginning of the window.
    fresh: usize,
    /// Predictions in all.
    end: usize,
}

impl Windows {
    /// Windows of a text of so many tokens, whose predictions together are those of all tokens but the first.
    fn over(self, tokens: usize) -> Vec<Window> {
        let predictions = tokens.saturating_sub(1);
        let (mut windows, mut start, mut done) = (vec![], 0, 0);
        while done < predictions {
            let end = (start + self.length).min(predictions);
            windows.push(Window { start, fresh: done - start, end: end - start });
            done = end;
            start += self.stride.max(1);
        }
        windows
    }
}

/// Texts as tokens, with their bytes.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    texts: Vec<Vec<u32>>,
    bytes: u64,
}

impl Texts {
    /// Adds a text; its tokens see no other. Returns the warning about what of it the tokenizer does not know.
    ///
    /// # Errors
    /// If the tokenizer knows no token for a piece of it.
    pub fn add(
        &mut self,
        tokenizer: &dyn Tokenize,
        name: &str,
        text: &str,
    ) -> Result<Option<Diagnostic>, Diagnostic> {
        let tokens = tokenizer.encode(text).map_err(|fault| *fault)?;
        let warning = super::unknown(tokenizer, name, text, &tokens);
        self.texts.push(tokens);
        self.bytes += text.len() as u64;
        Ok(warning)
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perplexity {
    /// Tokens that were predicted.
    pub tokens: u64,
    /// Bytes of the texts.
    pub bytes: u64,
    /// Mean negative log-probability of a token, in nats.
    pub loss: f64,
}

impl Perplexity {
    /// e to the loss.
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }

    /// Bits that the predictions take for a byte of text; what no tokenizer can better by having longer tokens.
    pub fn bits_per_byte(&self) -> f64 {
        self.loss * self.tokens as f64 / std::f64::consts::LN_2 / self.bytes as f64
    }
}

/// Predicts texts with the stage's program [`LOSS`]. `progress` is told windows done and in all.
///
/// # Errors
/// If no text has two tokens, the stage has no such program, the loss is not finite, or running the program fails.
pub fn perplexity(
    stage: &Stage,
    engine: &mut dyn Engine,
    texts: &Texts,
    windows: Windows,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Perplexity, Diagnostic> {
    let batch = batch_of(stage, windows)?;
    let cut = |text: &Vec<u32>| windows.over(text.len()).into_iter().collect::<Vec<_>>();
    let all: Vec<(&Vec<u32>, Window)> =
        texts.texts.iter().flat_map(|text| cut(text).into_iter().map(move |window| (text, window))).collect();
    let tokens: u64 = all.iter().map(|(_, window)| (window.end - window.fresh) as u64).sum();
    if tokens == 0 {
        return Err(codes::nothing_to_predict());
    }
    let (mut sum, mut done) = (0.0, 0);
    for part in all.chunks(batch) {
        sum += loss_of(engine, part, batch, windows.length)?;
        done += part.len() as u64;
        progress(done, all.len() as u64);
    }
    let loss = sum / tokens as f64;
    if !loss.is_finite() {
        return Err(codes::generation_failed(format!("the model's loss is {loss}")));
    }
    Ok(Perplexity { tokens, bytes: texts.bytes, loss })
}

/// The summed loss of a batch of windows; missing ones do not count.
fn loss_of(
    engine: &mut dyn Engine,
    part: &[(&Vec<u32>, Window)],
    batch: usize,
    length: usize,
) -> Result<f64, Diagnostic> {
    let (mut tokens, mut labels) = (vec![0; batch * length], vec![IGNORED; batch * length]);
    for (row, (text, window)) in part.iter().enumerate() {
        let at = |i: usize| text.get(window.start + i).map_or(0, |token| i64::from(*token));
        let rows = tokens.iter_mut().zip(&mut labels).skip(row * length).take(window.end);
        for (i, (token, label)) in rows.enumerate() {
            *token = at(i);
            if i >= window.fresh {
                *label = at(i + 1);
            }
        }
    }
    let inputs = [
        ("tokens", HostSlice::I64(&tokens)),
        ("labels", HostSlice::I64(&labels)),
        ("divisor", HostSlice::F32(&[1.0])),
    ];
    let outputs = engine.run(LOSS, &inputs)?;
    let loss = outputs.first().and_then(|output| output.first()).copied();
    loss.ok_or_else(|| codes::generation_failed(format!("program `{LOSS}` has no output")))
}

/// B of the program, if its windows are these.
fn batch_of(stage: &Stage, windows: Windows) -> Result<usize, Diagnostic> {
    let program = stage.programs.get(LOSS);
    let tokens = program.and_then(|p| p.inputs.iter().find(|i| i.source == "tokens").map(|i| (p, i)));
    let shape = tokens.and_then(|(p, i)| p.tensors.get(i.tensor.index())).map(|t| t.ty.shape.to_vec());
    match shape.as_deref() {
        Some([batch, length]) if *length == windows.length as u64 => {
            Ok(usize::try_from(*batch).unwrap_or(usize::MAX).max(1))
        }
        _ => Err(codes::plan_not_runnable(
            &stage.name,
            format!("it has no program `{LOSS}` for windows of {} tokens", windows.length),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_but_the_first_is_predicted_once_with_enough_before_it() {
        for tokens in 0..40 {
            for (length, stride) in [(8, 8), (8, 4), (7, 3), (5, 1), (1, 1)] {
                let mut predicted = vec![0; tokens];
                for window in (Windows { length, stride }).over(tokens) {
                    assert!(window.end <= length && window.fresh < window.end);
                    for i in window.fresh..window.end {
                        let place = window.start + i + 1;
                        predicted[place] += 1;
                        let before = i + 1;
                        assert!(before > length - stride || before == place, "{place}: {before} before");
                    }
                }
                assert!(
                    predicted.iter().skip(1).all(|n| *n == 1),
                    "{tokens} {length} {stride}: {predicted:?}"
                );
            }
        }
    }

    #[test]
    fn bits_per_byte_follow_from_the_loss() {
        let found = Perplexity { tokens: 10, bytes: 40, loss: 8f64.ln() };
        assert!((found.perplexity() - 8.0).abs() < 1e-12);
        assert!((found.bits_per_byte() - 10.0 * 3.0 / 40.0).abs() < 1e-12);
    }
}
