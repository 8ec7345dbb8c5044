//! `regimen data`: runs the declared steps, or takes their result from the cache, and says what they did.

use crate::arguments::{Data, DataFormat};
use crate::cleaning::answers::{ShownAnswers, lengths, table};
use crate::cleaning::{Shown, html, text};
use crate::codes::e0825;
use crate::exit::Exit;
use crate::files;
use crate::output::{self, Terminal};
use crate::progress::DataProgress;
use crate::project::{self, Variants};
use crate::render::Batch;
use crate::world::{Effort, folder_of};
use regimen_base::data::{Dataset, Format, Tokenizer};
use regimen_base::diagnostic::any_errors;
use regimen_base::{Diagnostic, Severity};
use regimen_compiler::datasets::{Declared, datasets, tokenizers};
use regimen_data::clean::{Cleaned, clean_or_empty};
use regimen_data::codes::{self, e0586};
use regimen_data::{Place, prepare, sample_answers};
use serde::Serialize;

/// Works on the datasets that are asked for.
pub fn data(asked: &Data, terminal: Terminal) -> Exit {
    let mut project =
        match project::open(&asked.file, &asked.changes, Effort::Cached, Variants::Chosen, None, terminal) {
            Ok(project) => project,
            Err(batch) => return super::report(&[batch], terminal),
        };
    // That sizes are assumed is no news here, and what is wrong with files is about to be found out of those that are asked for: others
    // are in nobody's way.
    project
        .diagnostics
        .retain(|d| d.severity != Severity::Note && !codes::ALL.iter().any(|page| page.code == d.code));
    let chosen = choose(datasets(&project.front), asked.name.as_deref());
    let tokenizer = tokenizer(tokenizers(&project.front), asked.tokenizer.as_deref());
    let broken = any_errors(&project.diagnostics);
    let exit = super::report(&[project.into_batch()], terminal);
    if broken {
        return exit;
    }
    let place = Place { outside: asked.changes.allow_outside, ..Place::new(folder_of(&asked.file)) };
    let done = chosen
        .and_then(|chosen| Ok((chosen, tokenizer?)))
        .map_err(|d| vec![d])
        .and_then(|(chosen, tokenizer)| work(asked, &place, &chosen, tokenizer.as_ref(), terminal));
    match done {
        Ok(()) => exit,
        Err(diagnostics) => super::report(&[Batch::bare(diagnostics)], terminal),
    }
}

/// The dataset with the name, or all that stages train on.
fn choose(declared: Vec<Declared>, name: Option<&str>) -> Result<Vec<Dataset>, Diagnostic> {
    let names: Vec<String> = declared.iter().map(|d| d.dataset.name.clone()).collect();
    let wanted = |d: &Declared| name.map_or(d.trained_on, |name| d.dataset.name == name);
    let chosen: Vec<Dataset> = declared.into_iter().filter(wanted).map(|d| d.dataset).collect();
    match name {
        _ if !chosen.is_empty() => Ok(chosen),
        Some(name) => Err(e0825::unknown(name, &names)),
        None => Err(e0825::none_trained_on(&names)),
    }
}

/// A tokenizer, and the dataset that it is trained on.
type Words = (Tokenizer, Option<Dataset>);

/// The tokenizer with the name, or the only one.
fn tokenizer(mut declared: Vec<Words>, name: Option<&str>) -> Result<Option<Words>, Diagnostic> {
    let names: Vec<String> = declared.iter().map(|(tokenizer, _)| tokenizer.name.clone()).collect();
    match name {
        Some(name) => match declared.into_iter().find(|(tokenizer, _)| tokenizer.name == name) {
            Some(found) => Ok(Some(found)),
            None => Err(e0825::unknown_tokenizer(name, &names)),
        },
        None if declared.len() == 1 => Ok(declared.pop()),
        None => Ok(None),
    }
}

fn work(
    asked: &Data,
    place: &Place,
    chosen: &[Dataset],
    tokenizer: Option<&Words>,
    terminal: Terminal,
) -> Result<(), Vec<Diagnostic>> {
    let (mut all, mut empty) = (vec![], vec![]);
    for dataset in chosen {
        let cleaned = clean_or_empty(place, dataset, &mut DataProgress::new(terminal))?;
        let emptied = cleaned.emptied(dataset);
        match dataset.answers().filter(|_| emptied.is_none()) {
            Some(_) if asked.why.is_none() => answers(asked, place, dataset, &cleaned, tokenizer, terminal)?,
            _ => show(asked, dataset, &cleaned)?,
        }
        super::report(&[Batch::bare(cleaned.warnings())], terminal);
        if let Some((documents, step)) = emptied.filter(|_| asked.why.is_none()) {
            empty.push(e0586::nothing_left_above(&dataset.name, documents, step));
        }
        all.push(cleaned);
    }
    if asked.format == DataFormat::Json && asked.why.is_none() && asked.sample.is_none() {
        let reports: Vec<_> = all.iter().flat_map(|cleaned| &cleaned.reports).collect();
        output::out(&json(&reports));
    }
    if let Some(path) = &asked.html {
        let reports: Vec<_> = all.iter().flat_map(|cleaned| cleaned.reports.clone()).collect();
        files::renew(path, &html::page(&reports), &[html::BEGINNING]).map_err(|d| vec![d])?;
        output::err(&format!("wrote {}\n", path.display()));
    }
    if empty.is_empty() { Ok(()) } else { Err(empty) }
}

/// What was asked about preferences or feedback: their lengths, or some of them as a model will read them.
fn answers(
    asked: &Data,
    place: &Place,
    dataset: &Dataset,
    cleaned: &Cleaned,
    tokenizer: Option<&Words>,
    terminal: Terminal,
) -> Result<(), Vec<Diagnostic>> {
    let Some((tokenizer, train_on)) = tokenizer else {
        show(asked, dataset, cleaned)?;
        output::err("lengths and texts as a model reads them need a tokenizer: name one with --tokenizer\n");
        return Ok(());
    };
    let machine = asked.format == DataFormat::Json;
    let progress = &mut DataProgress::new(terminal);
    let Some(count) = asked.sample else {
        if !machine {
            show(asked, dataset, cleaned)?;
        }
        let prepared = prepare(place, tokenizer, train_on.as_ref(), dataset, progress)?;
        let judged = dataset.sources.iter().any(|source| matches!(source.format, Format::Feedback(_)));
        let splits = &prepared.facts.splits;
        output::out(&match machine {
            true => json(&lengths(splits)),
            false => table(&dataset.name, &tokenizer.name, judged, splits),
        });
        return Ok(());
    };
    let sample = cleaned.sample(count).map_err(|fault| vec![*fault])?;
    let shown = sample_answers(place, tokenizer, train_on.as_ref(), dataset, &sample, progress)?;
    let name = |file: usize| cleaned.files().get(file).cloned().unwrap_or_default();
    let shown = sample.iter().zip(shown).map(|(d, one)| ShownAnswers::new(name(d.file), d.line, one));
    let shown: Vec<ShownAnswers> = shown.collect();
    output::out(&if machine { json(&shown) } else { shown.iter().map(ShownAnswers::text).collect() });
    Ok(())
}

/// What was asked about one dataset.
fn show(asked: &Data, dataset: &Dataset, cleaned: &Cleaned) -> Result<(), Vec<Diagnostic>> {
    let machine = asked.format == DataFormat::Json;
    if let Some(document) = &asked.why {
        let fate = cleaned.why(document).map_err(|fault| vec![*fault])?;
        output::out(&if machine { json(&fate) } else { text::fate(document, &fate) });
    } else if let Some(count) = asked.sample {
        let sample = cleaned.sample(count).map_err(|fault| vec![*fault])?;
        let name = |file: usize| cleaned.files().get(file).cloned().unwrap_or_default();
        let sample: Vec<_> =
            sample.into_iter().map(|d| Shown { file: name(d.file), line: d.line, text: d.text }).collect();
        output::out(&if machine { json(&sample) } else { sample.iter().map(text::sample).collect() });
    } else if !machine {
        output::out(&text::reports(&dataset.name, cleaned));
    }
    Ok(())
}

/// One line of JSON; what is printed here can always be written so.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_compiler_knows_the_languages_that_the_engine_knows() {
        let engine: Vec<&str> = regimen_data::clean::LANGUAGES.iter().map(|(code, _)| *code).collect();
        assert_eq!(engine, regimen_compiler::languages::KNOWN);
    }
}
