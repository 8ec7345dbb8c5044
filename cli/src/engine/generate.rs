//! `regimen generate`: text from a model, shown as it grows; or a conversation with it.

use crate::conversation::Conversation;
use crate::model::Model;
use crate::report::{Row, compared, heads, table};
use crate::{complain, one};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_cli::arguments::Generate;
use regimen_cli::output::{self, Terminal};
use regimen_compiler::planning::inference::Use;
use regimen_compiler::planning::show::{count, duration};
use regimen_compiler::stages::generation::{DECODE, PREFILL, Texts};
use regimen_runtime::generate::{Generator, Programs, Request, Sampling, Stops};
use regimen_runtime::inference::Memory;
use regimen_runtime::run::{Counting, codes};
use std::io::BufRead as _;
use std::time::{Duration, Instant};

/// Tokens of a conversation whose length nobody knows.
const CONVERSATION: u64 = 2_048;

/// Generates what was asked for.
pub fn generate(asked: &Generate, terminal: Terminal) -> Result<(), Vec<Diagnostic>> {
    let model = Model::open(&asked.model, &asked.device)?;
    let mut conversation = Conversation::begin(asked, &model.source).map_err(one)?;
    let first =
        asked.prompt.as_ref().map(|text| conversation.say(text, terminal)).transpose().map_err(one)?;
    let length = length(asked, first.as_deref(), model.context()).map_err(one)?;
    let stage = model.plan(Use::Generate(Texts { batch: 1, length }))?;
    let cut = Cut { length, context: model.context(), terminal };
    let mut engine = model.load(&stage)?;
    let mut engine = Counting::new(engine.as_mut());
    let tokenizer = model.source.tokenizer().as_ref();
    let programs = Programs { prefill: PREFILL, decode: DECODE };
    let mut generator = Generator::new(&stage, programs, &mut engine, tokenizer).map_err(one)?;
    let stops = Stops { tokens: model.source.end_tokens(), texts: asked.stop.clone() };
    let mut pace = Pace::default();
    if let Some(prompt) = &first {
        let begin = if asked.chat { None } else { asked.prompt.as_deref() };
        cut.warn(prompt);
        answer(&mut generator, asked, prompt, &stops, begin, &mut pace).map_err(one)?;
    } else {
        talk(&mut generator, asked, &mut conversation, cut, &stops, &mut pace).map_err(one)?;
    }
    drop(generator);
    let memory = Memory::of(&stage, &engine);
    if asked.report {
        output::err(&summary(&stage, &memory, &pace));
    }
    memory.problem(&stage).map_or(Ok(()), |problem| Err(vec![problem]))
}

/// What is longer than the caches, and whom to tell.
#[derive(Clone, Copy)]
struct Cut {
    /// Tokens that the caches hold.
    length: u64,
    /// Tokens that the model can see.
    context: u64,
    terminal: Terminal,
}

impl Cut {
    /// Says that the beginning of a prompt is not seen.
    fn warn(self, prompt: &[u32]) {
        let tokens = prompt.len() as u64;
        if tokens > self.length {
            let seen = self.length.div_ceil(2);
            complain(vec![codes::prompt_cut(tokens, seen, self.length, self.context)], self.terminal);
        }
    }
}

/// Tokens that the caches hold.
fn length(asked: &Generate, prompt: Option<&[u32]>, context: u64) -> Result<u64, Diagnostic> {
    let wanted = prompt.map_or(CONVERSATION, |prompt| (prompt.len() as u64).saturating_add(asked.tokens));
    match asked.context {
        Some(length) if length > context => Err(codes::cache_refused(length, context)),
        Some(length) => Ok(length),
        None => Ok(wanted.clamp(1, context)),
    }
}

/// A turn for every line of standard input.
fn talk(
    generator: &mut Generator,
    asked: &Generate,
    conversation: &mut Conversation,
    cut: Cut,
    stops: &Stops,
    pace: &mut Pace,
) -> Result<(), Diagnostic> {
    output::err("> ");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if !line.trim().is_empty() {
            let tokens = conversation.say(&line, cut.terminal)?;
            cut.warn(&tokens);
            let text = answer(generator, asked, &tokens, stops, None, pace)?;
            conversation.heard(&text);
        }
        output::err("> ");
    }
    output::err("\n");
    Ok(())
}

/// Shows one answer as it grows and returns it; `begin` is shown before it.
fn answer(
    generator: &mut Generator,
    asked: &Generate,
    prompt: &[u32],
    stops: &Stops,
    begin: Option<&str>,
    pace: &mut Pace,
) -> Result<String, Diagnostic> {
    let sampling = Sampling {
        temperature: asked.temperature,
        top_k: asked.top_k.map(|k| usize::try_from(k).unwrap_or(usize::MAX)),
        top_p: asked.top_p,
        repetition_penalty: asked.repetition_penalty,
    };
    let request = Request { prompt, tokens: asked.tokens, sampling, stops, key: asked.seed };
    let (started, mut first) = (Instant::now(), None);
    let generated = generator.generate(&request, &mut |piece| {
        if first.is_none() {
            output::out(begin.unwrap_or_default());
        }
        first.get_or_insert_with(|| started.elapsed());
        output::out(piece);
    })?;
    if first.is_none() {
        // The model ended the text at once.
        output::out(begin.unwrap_or_default());
    }
    output::out("\n");
    pace.add(prompt.len(), generated.tokens.len(), first, started.elapsed());
    Ok(generated.text)
}

/// How fast texts came.
#[derive(Default)]
struct Pace {
    prompts: usize,
    tokens: usize,
    /// To the first piece of the first text.
    first: Option<Duration>,
    /// Tokens after the first pieces, and their time.
    rest: (usize, Duration),
}

impl Pace {
    fn add(&mut self, prompt: usize, tokens: usize, first: Option<Duration>, whole: Duration) {
        self.prompts += prompt;
        self.tokens += tokens;
        self.first = self.first.or(first);
        if let Some(first) = first {
            self.rest = (self.rest.0 + tokens.saturating_sub(1), self.rest.1 + whole.saturating_sub(first));
        }
    }
}

fn summary(stage: &Stage, memory: &Memory, pace: &Pace) -> String {
    let mut rows: Vec<Row> = vec![heads(), compared(memory.planned, memory.measured)];
    if memory.planned < stage.peak_bytes {
        rows[1][3].push_str("; the plan's peak is elsewhere");
    }
    let mut add = |name: &str, measured: String, remark: String| {
        rows.push([name.into(), String::new(), measured, remark]);
    };
    add("tokens", count(pace.tokens as u64), format!("after {} of prompts", count(pace.prompts as u64)));
    if let Some(first) = pace.first {
        add("first", duration(first.as_secs_f64()), "to the first text".into());
    }
    let (tokens, time) = pace.rest;
    if tokens > 0 {
        let rate = tokens as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE);
        add("pace", format!("{rate:.1}/s"), "tokens after the first".into());
    }
    format!("\n{}", table(&rows))
}
