//! Prompts with answers: their lengths, and samples as a model will read them.

use super::percent;
use regimen_base::data::{AnswerFacts, SplitFacts};
use regimen_compiler::planning::show::{count, counted};
use regimen_data::SampledAnswers;
use serde::Serialize;
use std::fmt::Write;

/// Lengths of the prompts and answers of one part.
#[derive(Debug, Serialize)]
pub struct Lengths<'a> {
    /// Name of the part.
    pub part: &'a str,
    /// Records.
    pub records: u64,
    /// What is known of them.
    #[serde(flatten)]
    pub answers: &'a AnswerFacts,
}

/// Those of all parts.
pub fn lengths<'a>(splits: &'a [SplitFacts]) -> Vec<Lengths<'a>> {
    let of = |split: &'a SplitFacts| {
        Some(Lengths { part: &split.name, records: split.documents, answers: split.answers.as_ref()? })
    };
    splits.iter().filter_map(of).collect()
}

/// A table of the lengths; `judged` says that answers are good or not, and not chosen or rejected.
pub fn table(name: &str, tokenizer: &str, judged: bool, splits: &[SplitFacts]) -> String {
    let mut out = format!("\n{name}, in tokens of `{tokenizer}`\n");
    let _ =
        writeln!(out, "  {:12}{:12}{:>10}{:>10}{:>10}{:>10}", "", "", "records", "median", "95 %", "longest");
    let names = if judged { ["prompts", "good", "not good"] } else { ["prompts", "chosen", "rejected"] };
    for Lengths { part, answers, .. } in lengths(splits) {
        for (what, lengths) in names.iter().zip([&answers.prompts, &answers.good, &answers.bad]) {
            let records: u64 = lengths.iter().map(|(_, records)| records).sum();
            let at = |share: f64| quantile(lengths, share).map_or_else(|| "—".to_owned(), count);
            let [median, most, longest] = [0.5, 0.95, 1.0].map(at);
            let _ = writeln!(
                out,
                "  {part:12}{what:12}{:>10}{median:>10}{most:>10}{longest:>10}",
                count(records)
            );
        }
        if answers.too_long > 0 {
            let all = answers.too_long + answers.prompts.iter().map(|(_, records)| records).sum::<u64>();
            let share = percent(answers.too_long, all);
            let _ = writeln!(
                out,
                "  {part}: {} records ({share}) are longer than `max_length` and left out",
                count(answers.too_long)
            );
        }
    }
    out
}

/// The length that this share of the records does not exceed.
fn quantile(lengths: &[(u64, u64)], share: f64) -> Option<u64> {
    let all: u64 = lengths.iter().map(|(_, records)| records).sum();
    let mut seen = 0;
    let wanted = (all as f64 * share).ceil().max(1.0) as u64;
    lengths
        .iter()
        .find(|(_, records)| {
            seen += records;
            seen >= wanted
        })
        .map(|(tokens, _)| *tokens)
}

/// A record as a model will read it.
#[derive(Debug, Serialize)]
pub struct ShownAnswers {
    /// Name of its file.
    pub file: String,
    /// Its line.
    pub line: u64,
    /// The prompt.
    pub prompt: String,
    /// What each answer is, the answer, and its tokens.
    pub answers: Vec<(&'static str, String, usize)>,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
}

impl ShownAnswers {
    /// The sampled record that begins there.
    pub fn new(file: String, line: u64, sampled: SampledAnswers) -> ShownAnswers {
        let SampledAnswers { rendered, good, tokens } = sampled;
        let names = match good {
            Some(true) => ["good", ""],
            Some(false) => ["not good", ""],
            None => ["chosen", "rejected"],
        };
        let prompt_tokens = tokens.first().copied().unwrap_or(0);
        let answers = names.into_iter().zip(rendered.answers).zip(tokens.into_iter().skip(1));
        let answers = answers.map(|((name, text), tokens)| (name, text, tokens)).collect();
        ShownAnswers { file, line, prompt: rendered.prompt, answers, prompt_tokens }
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut out = format!(
            "── {}:{}\nprompt ({})\n{}\n",
            self.file,
            self.line,
            counted(self.prompt_tokens as u64, "token"),
            self.prompt
        );
        for (name, text, tokens) in &self.answers {
            let _ = writeln!(out, "{name} ({})\n{text}", counted(*tokens as u64, "token"));
        }
        out.push('\n');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_by_what_share_of_the_records_does_not_exceed() {
        let lengths = [(3, 10), (5, 9), (40, 1)];
        assert_eq!([0.5, 0.95, 1.0].map(|share| quantile(&lengths, share)), [Some(3), Some(5), Some(40)]);
        assert_eq!(quantile(&[], 0.5), None);
    }
}
