//! `regimen evaluate`: loss, perplexity and bits per byte of text files under a model.

use crate::model::Model;
use crate::report::{compared, heads, table};
use crate::{complain, one};
use regimen_base::Diagnostic;
use regimen_cli::arguments::Evaluate;
use regimen_cli::codes::e0810;
use regimen_cli::output::{self, Terminal};
use regimen_compiler::planning::inference::Use;
use regimen_compiler::planning::show::{count, counted};
use regimen_runtime::inference::{Memory, Perplexity, Texts, Windows, perplexity};
use regimen_runtime::run::{Counting, codes};
use std::time::Instant;

/// Tokens of a window, if nobody says otherwise: logits of longer ones take much memory.
const WINDOW: u64 = 1_024;

/// Predicts the files and says how well.
pub fn evaluate(asked: &Evaluate, terminal: Terminal) -> Result<(), Vec<Diagnostic>> {
    let model = Model::open(&asked.model, &asked.device)?;
    let (length, stride) = windows(asked, model.context()).map_err(one)?;
    let (texts, warnings) = read(asked, &model)?;
    if !warnings.is_empty() {
        complain(warnings, terminal);
    }
    let stage = model.plan(Use::Loss { batch: asked.batch, length })?;
    let mut engine = model.load(&stage)?;
    let mut engine = Counting::new(engine.as_mut());
    let size = |tokens: u64| usize::try_from(tokens).unwrap_or(usize::MAX);
    let windows = Windows { length: size(length), stride: size(stride) };
    let started = Instant::now();
    let found = perplexity(&stage, &mut engine, &texts, windows, &mut |done, all| {
        if terminal.live {
            output::err(&format!("\r{} of {} windows", count(done), count(all)));
        }
    });
    if terminal.live {
        output::err("\r\x1b[K");
    }
    let found = found.map_err(one)?;
    let memory = Memory::of(&stage, &engine);
    output::out(&summary(asked.text.len(), &found, windows, started.elapsed().as_secs_f64()));
    output::out(&table(&[heads(), compared(memory.planned, memory.measured)]));
    memory.problem(&stage).map_or(Ok(()), |problem| Err(vec![problem]))
}

/// Tokens of a window, and from one window to the next.
fn windows(asked: &Evaluate, context: u64) -> Result<(u64, u64), Diagnostic> {
    let length = asked.context.unwrap_or(WINDOW.min(context));
    let stride = asked.stride.unwrap_or(length.div_ceil(2));
    if length == 0 || length > context {
        return Err(codes::windows_refused(format!(
            "windows of {} tokens; the model can see 1 to {}",
            count(length),
            count(context)
        )));
    }
    if stride == 0 || stride > length {
        return Err(codes::windows_refused(format!(
            "a stride of {} tokens; windows of {} tokens allow 1 to {}",
            count(stride),
            count(length),
            count(length)
        )));
    }
    Ok((length, stride))
}

/// The texts, and what is to be said about them.
fn read(asked: &Evaluate, model: &Model) -> Result<(Texts, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (mut texts, mut said, mut wrong) = (Texts::default(), vec![], vec![]);
    for path in &asked.text {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let name = format!("`{}`", path.display());
                match texts.add(model.source.tokenizer().as_ref(), &name, &text) {
                    Ok(warning) => said.extend(warning),
                    Err(error) => wrong.push(error),
                }
            }
            Err(error) => wrong.push(e0810::unreadable(path, &error)),
        }
    }
    if wrong.is_empty() { Ok((texts, said)) } else { Err(wrong) }
}

fn summary(files: usize, found: &Perplexity, windows: Windows, seconds: f64) -> String {
    let Windows { length, stride } = windows;
    let cut = match stride == length {
        true => format!("blocks of {}", counted(length as u64, "token")),
        false => format!("windows of {}, {} apart", counted(length as u64, "token"), count(stride as u64)),
    };
    let files = if files == 1 { "1 text".to_owned() } else { format!("{files} texts") };
    format!(
        "{files}, {} bytes, {} tokens predicted in {cut}, {:.0} tokens/s
  loss           {:.4} nats per token
  perplexity     {:.3}
  bits per byte  {:.4}
",
        count(found.bytes),
        count(found.tokens),
        found.tokens as f64 / seconds.max(f64::MIN_POSITIVE),
        found.loss,
        found.perplexity(),
        found.bits_per_byte()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_cli::arguments::{Device, WeightType};

    fn asked(context: Option<u64>, stride: Option<u64>) -> Evaluate {
        let (model, text) = ("m".into(), vec!["t".into()]);
        let device =
            Device { hardware: "cpu".into(), precision: WeightType::F32, threads: None, check_memory: false };
        Evaluate { model, text, context, stride, batch: 1, device }
    }

    #[test]
    fn windows_are_those_asked_for_or_half_overlapping() {
        let found = |context, stride| windows(&asked(context, stride), 2_048);
        assert_eq!(found(None, None).unwrap(), (1_024, 512));
        assert_eq!(found(Some(9), Some(9)).unwrap(), (9, 9));
        assert_eq!(windows(&asked(None, None), 7).unwrap(), (7, 4));
        for (context, stride) in
            [(Some(0), None), (Some(4_096), None), (Some(8), Some(0)), (Some(8), Some(9))]
        {
            assert_eq!(found(context, stride).unwrap_err().code.0, "E0971");
        }
    }

    #[test]
    fn says_what_was_measured_and_how_it_was_cut() {
        let found = Perplexity { tokens: 100, bytes: 400, loss: 2.0 };
        let text = summary(1, &found, Windows { length: 1_024, stride: 512 }, 2.0);
        assert!(text.starts_with(
            "1 text, 400 bytes, 100 tokens predicted in windows of 1,024 tokens, 512 apart, 50 tokens/s\n"
        ));
        assert!(
            text.contains("perplexity     7.389\n") && text.contains("bits per byte  0.7213\n"),
            "{text}"
        );
        assert!(summary(2, &found, Windows { length: 8, stride: 8 }, 1.0).contains("2 texts"));
    }
}
