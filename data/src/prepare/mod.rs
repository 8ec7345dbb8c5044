//! From declarations to token files: what is cached is taken from the cache, the rest is made.

mod answers;
mod build;
mod conversations;
mod labels;
mod mix;
mod predict;
mod probe;
mod survey;
mod train;

use crate::cache::contents::{contents, contents_if_known};
use crate::cache::entry::{Entry, Found};
use crate::cache::key_of;
use crate::chat::answers::Rendered;
use crate::chat::{self, AnswerEncoder, Encoder, Opened};
use crate::clean::{self, Cleaned};
use crate::codes::{e0562, e0563, e0564, e0570, e0571, e0577};
use crate::conversation_file::ConversationFile;
use crate::files::{self, InputFile, Place};
use crate::progress::Progress;
use crate::token_file::TokenFile;
use crate::tokenizer::{CONFIG_FILE, SPECIAL_FILE, TOKENIZER_FILE, Tokenize, facts_of};
use crate::{Fault, Outcome, read, tokenizer};
pub use predict::predict;
pub use probe::{chat_probe, chat_probe_if_cached};
use regimen_base::Diagnostic;
use regimen_base::data::{
    ChatTemplate, Dataset, DatasetFacts, Format, SplitFacts, Tokenizer, TokenizerFacts, TokenizerKind,
};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use survey::{Survey, Surveys};

/// Token files up to this size are read and compared with their checksum each time they are opened.
const ALWAYS_VERIFIED: u64 = 8 << 20;

/// A dataset that is ready for training, and the tokenizer that made it so.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The tokenizer.
    pub tokenizer: Arc<dyn Tokenize>,
    /// What is known of it.
    pub tokenizer_facts: TokenizerFacts,
    /// What is known of the dataset.
    pub facts: DatasetFacts,
    /// The files of every source in the order of the mix; of a dataset that is no mix, of its only one.
    pub members: Vec<Member>,
    /// The chat template that the data are rendered with, or the tokenizer's own: whoever trains on them keeps it with the model.
    pub chat: Option<Opened>,
    /// What the user should hear: a damaged cache, a vocabulary that was not reached.
    pub warnings: Vec<Diagnostic>,
}

/// The files of one source.
#[derive(Clone, Debug)]
pub struct Member {
    /// Name of the source.
    pub name: String,
    /// The tokens of every split, in the declared order.
    pub splits: Vec<TokenFile>,
    /// By split, of a labelled dataset tokens and class of every record, two numbers each; of prompts with answers tokens of the prompt,
    /// of the first answer, and of the second (or 1 if the only one is good, else 0), three numbers each, and a fourth where pairs have
    /// margins.
    pub records: Vec<TokenFile>,
    /// Of a dataset of conversations, their tokens, labels and lengths, by split.
    pub conversations: Vec<ConversationFile>,
}

impl Member {
    /// The tokens of the split with this name.
    pub fn split(&self, name: &str) -> Option<&TokenFile> {
        self.splits.iter().find(|s| s.name() == name)
    }

    /// What the records of the split with this name are, of a labelled dataset.
    pub fn records(&self, name: &str) -> Option<&TokenFile> {
        self.records.iter().find(|s| s.name() == name)
    }

    /// The conversations of the split with this name.
    pub fn conversations(&self, name: &str) -> Option<&ConversationFile> {
        self.conversations.iter().find(|s| s.name() == name)
    }
}

impl Prepared {
    /// The files of the source with this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The only source of a dataset that is no mix.
    pub fn only(&self) -> Option<&Member> {
        if let [member] = self.members.as_slice() { Some(member) } else { None }
    }

    /// The tokens of the split with this name; nothing of a mix.
    pub fn split(&self, name: &str) -> Option<&TokenFile> {
        self.only()?.split(name)
    }

    /// What the records of the split with this name are, of a labelled dataset.
    pub fn records(&self, name: &str) -> Option<&TokenFile> {
        self.only()?.records(name)
    }

    /// The conversations of the split with this name; nothing of a mix.
    pub fn conversations(&self, name: &str) -> Option<&ConversationFile> {
        self.only()?.conversations(name)
    }
}

/// What the compiler learns from the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// About the tokenizer.
    pub tokenizer: TokenizerFacts,
    /// About the dataset under it.
    pub dataset: DatasetFacts,
}

/// Makes tokenizer and tokens ready, from the cache if nothing changed.
///
/// `train_on` is the dataset that a `chars` or `bpe` tokenizer learns from.
///
/// # Errors
/// Everything that is wrong with the files, the tokenizer or the cache folder.
pub fn prepare(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
    progress: &mut dyn Progress,
) -> Outcome<Prepared> {
    let mut work = Work { place, progress, surveys: Surveys::default(), warnings: Vec::new() };
    let input = work.input(dataset)?;
    let train_input = train_on.map(|d| work.input(d)).transpose()?;
    let opened = chat_of(place, tokenizer, dataset)?;
    let chat = match &opened {
        Some(opened) => Some(opened.clone()),
        None => chat::open_if_any(place, tokenizer, &ChatTemplate::Tokenizer)?,
    };
    let tokenizer = work.tokenizer(tokenizer, train_input.as_ref())?;
    let tokenizer_facts = facts_of(tokenizer.as_ref());
    let making = Making { tokenizer: tokenizer.as_ref(), facts: &tokenizer_facts, opened: opened.as_ref() };
    let (facts, members) = work.tokens(making, &input)?;
    let warnings = work.warnings;
    Ok(Prepared { tokenizer, tokenizer_facts, facts, members, chat, warnings })
}

/// A prompt and its answers as a model will read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledAnswers {
    /// The texts.
    pub rendered: Rendered,
    /// Whether the only answer is good; nothing of pairs.
    pub good: Option<bool>,
    /// Tokens of the prompt and of each answer.
    pub tokens: Vec<usize>,
}

/// Renders documents of a dataset of preferences or feedback.
///
/// # Errors
/// Everything that is wrong with the tokenizer or the template.
pub fn sample_answers(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
    documents: &[read::Document],
    progress: &mut dyn Progress,
) -> Outcome<Vec<SampledAnswers>> {
    let mut work = Work { place, progress, surveys: Surveys::default(), warnings: Vec::new() };
    let train_input = train_on.map(|d| work.input(d)).transpose()?;
    let opened = chat_of(place, tokenizer, dataset)?;
    let tokenizer = work.tokenizer(tokenizer, train_input.as_ref())?;
    let encoder = answer_encoder(tokenizer.as_ref(), dataset, opened.as_ref())?;
    let one = |document: &read::Document| {
        let damaged = || Box::new(e0571::bad_token_file(&dataset.name, "a record cannot be read back"));
        let judged = read::answers::read_back(&document.text).ok_or_else(damaged)?;
        let encoded = encoder.encode(&judged)?;
        let tokens = [&encoded.prompt].into_iter().chain(&encoded.answers).map(Vec::len).collect();
        Ok(SampledAnswers { rendered: encoder.render(&judged)?, good: judged.good, tokens })
    };
    documents.iter().map(one).collect::<Result<_, Fault>>().map_err(|fault| vec![*fault])
}

/// The facts of a tokenizer and a dataset, computed if they are not cached.
///
/// # Errors
/// As [`prepare`].
pub fn facts(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
    progress: &mut dyn Progress,
) -> Outcome<Facts> {
    if let Some(facts) = facts_if_cached(place, tokenizer, train_on, dataset)? {
        return Ok(facts);
    }
    let prepared = prepare(place, tokenizer, train_on, dataset, progress)?;
    Ok(Facts { tokenizer: prepared.tokenizer_facts, dataset: prepared.facts })
}

/// The facts if they can be told without reading any data: files are looked at, not opened.
///
/// # Errors
/// If the files themselves are wrong: missing, outside the root, compressed.
pub fn facts_if_cached(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    dataset: &Dataset,
) -> Outcome<Option<Facts>> {
    let contents = known_contents(place, dataset)?;
    let opened = chat_of(place, tokenizer, dataset)?;
    let Some(tokenizer) = tokenizer_facts_if_cached(place, tokenizer, train_on)? else { return Ok(None) };
    let Some(contents) = contents else { return Ok(None) };
    let key = tokens_key(dataset, &contents, &tokenizer, opened.as_ref());
    let known = match dataset.is_mix() {
        true => mix::splits_if_whole(place, dataset, &key),
        false => match Entry::new(&place.cache, "tokens", &key).look() {
            Found::Whole(splits) => Some(splits),
            _ => None,
        },
    };
    match known {
        Some(splits) => {
            let dataset = dataset_facts(splits, &contents, clean::remarks(place, dataset)?);
            Ok(Some(Facts { tokenizer, dataset }))
        }
        None => not_prepared(place, dataset),
    }
}

/// The facts of a tokenizer alone, computed if they are not cached: it is trained if it must be.
///
/// # Errors
/// As [`prepare`].
pub fn tokenizer_facts(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
    progress: &mut dyn Progress,
) -> Outcome<TokenizerFacts> {
    if let Some(facts) = tokenizer_facts_if_cached(place, tokenizer, train_on)? {
        return Ok(facts);
    }
    let mut work = Work { place, progress, surveys: Surveys::default(), warnings: Vec::new() };
    let input = train_on.map(|d| work.input(d)).transpose()?;
    Ok(facts_of(work.tokenizer(tokenizer, input.as_ref())?.as_ref()))
}

/// The facts of a tokenizer if they can be told without reading data or parsing a large file.
///
/// # Errors
/// If the files themselves are wrong.
pub fn tokenizer_facts_if_cached(
    place: &Place,
    tokenizer: &Tokenizer,
    train_on: Option<&Dataset>,
) -> Outcome<Option<TokenizerFacts>> {
    let key = match &tokenizer.kind {
        TokenizerKind::Bytes => return Ok(Some(facts_of(&tokenizer::Bytes))),
        TokenizerKind::Hf { path, end_of_text } => {
            let files = hf_files(place, path)?;
            let contents = contents_if_known(place, &("hf", path), &files);
            contents.map(|contents| hf_key(&contents, end_of_text.as_deref()))
        }
        trained => {
            let name = trained.train_on().unwrap_or_default();
            let dataset = train_on.ok_or_else(|| vec![e0570::no_training_split(&tokenizer.name, name)])?;
            known_contents(place, dataset)?.map(|contents| trained_key(&tokenizer.kind, dataset, &contents))
        }
    };
    let Some(key) = key else { return Ok(None) };
    match (Entry::new(&place.cache, "tokenizers", &key).look(), train_on) {
        (Found::Whole(facts), _) => Ok(Some(facts)),
        (_, Some(dataset)) => not_prepared(place, dataset),
        (_, None) => Ok(None),
    }
}

/// What is known of data whose files were read before, for other fields or another tokenizer: nothing, once the first record has shown
/// that it has the fields.
fn not_prepared<T>(place: &Place, dataset: &Dataset) -> Outcome<Option<T>> {
    first_record(place, dataset)?;
    Ok(None)
}

/// Looks at the first record of a dataset.
///
/// # Errors
/// If there are no files, or the record is not what the dataset declares.
pub fn first_record(place: &Place, dataset: &Dataset) -> Outcome<()> {
    for source in &dataset.sources {
        let files = files::find(place, &dataset.name, &source.files)?;
        read::probe(source, dataset.ordered_by.as_ref(), &files)?;
    }
    Ok(())
}

/// What the files of a dataset hold, if that is known. Of files that were never read, the first record is looked at: a field that
/// no record has is found before anything runs.
fn known_contents(place: &Place, dataset: &Dataset) -> Outcome<Option<Vec<String>>> {
    if dataset.is_cleaned() {
        if let Some(key) = clean::key_if_known(place, dataset)? {
            return Ok(Some(vec![key]));
        }
    } else {
        let mut all = vec![];
        for source in &dataset.sources {
            let files = files::find(place, &source.name, &source.files)?;
            all.push(contents_if_known(place, &source.files, &files));
        }
        if let Some(known) = all.into_iter().collect::<Option<Vec<_>>>() {
            return Ok(Some(contents_of_sources(known)));
        }
    }
    first_record(place, dataset)?;
    Ok(None)
}

/// What identifies the contents of all sources: of one, those of its files; of several, one hash for each.
fn contents_of_sources(mut all: Vec<Vec<String>>) -> Vec<String> {
    if all.len() == 1 { all.remove(0) } else { all.iter().map(key_of).collect() }
}

/// A dataset with its files and what is in them.
struct Input<'a> {
    dataset: &'a Dataset,
    /// Its files, source by source; none if documents are cleaned, come from the cache, and are not ordered.
    files: Vec<InputFile>,
    /// After how many files each source ends, whether they are at hand or not.
    borders: Vec<usize>,
    /// What cleaning left, where it is asked for.
    cleaned: Option<Cleaned>,
    /// SHA-256 of every file, or what identifies the cleaned documents.
    contents: Vec<String>,
}

/// A stream of documents.
type Documents<'a> = Box<dyn Iterator<Item = Result<read::Document, Fault>> + Send + 'a>;

impl Input<'_> {
    /// What its documents are: sources of a mix are all of one kind.
    fn format(&self) -> Option<&Format> {
        self.dataset.sources.first().map(|source| &source.format)
    }

    /// Numbers of the files of a source.
    fn files_of(&self, member: usize) -> std::ops::Range<usize> {
        let border = |index: usize| self.borders.get(index).copied().unwrap_or(0);
        member.checked_sub(1).map_or(0, border)..border(member)
    }

    /// The source that the file with this number belongs to.
    fn member_of(&self, file: usize) -> usize {
        self.borders.partition_point(|border| *border <= file)
    }

    /// The documents, in an order that is always the same: source after source.
    fn documents(&self) -> Documents<'_> {
        match &self.cleaned {
            Some(cleaned) => Box::new(cleaned.documents()),
            None => Box::new((0..self.dataset.sources.len()).flat_map(|member| self.read(member, None))),
        }
    }

    /// The documents of one source.
    fn documents_of(&self, member: usize) -> Documents<'_> {
        let Some(cleaned) = &self.cleaned else { return self.read(member, None) };
        let files = self.files_of(member);
        let before = files.start;
        let earlier = move |d: &Result<read::Document, Fault>| d.as_ref().is_ok_and(|d| d.file < before);
        let own = move |d: &Result<read::Document, Fault>| d.as_ref().map_or(true, |d| d.file < files.end);
        Box::new(cleaned.documents().skip_while(earlier).take_while(own))
    }

    /// The documents of one source as they are in its files.
    fn read<'s>(&'s self, member: usize, ordered_by: Option<&'s String>) -> Documents<'s> {
        let range = self.files_of(member);
        let first = range.start;
        let (Some(source), Some(files)) = (self.dataset.sources.get(member), self.files.get(range)) else {
            return Box::new(std::iter::empty());
        };
        let numbered = move |mut document: read::Document| {
            document.file += first;
            document
        };
        let read = read::ordered_documents(&source.format, ordered_by, files);
        Box::new(read.map(move |document| document.map(numbered)))
    }

    /// The same, each with its date or number where documents are ordered.
    fn ordered_documents(&self) -> Outcome<Documents<'_>> {
        let Some(field) = &self.dataset.ordered_by else { return Ok(self.documents()) };
        let original = || self.read(0, Some(field));
        let Some(cleaned) = &self.cleaned else { return Ok(original()) };
        // What cleaning keeps has lost its date; the record that it came from has not.
        let mut moments = BTreeMap::new();
        for document in original().flatten() {
            moments.insert((document.file, document.line), document.when);
        }
        let dated = move |mut document: read::Document| {
            document.when = moments.get(&(document.file, document.line)).copied().flatten();
            if document.when.is_none() {
                let what = "The record holds neither a date nor a number there.";
                return Err(Box::new(e0577::no_moment(self.file(document.file), document.line, field, what)));
            }
            Ok(document)
        };
        Ok(Box::new(cleaned.documents().map(move |document| document.and_then(&dated))))
    }

    /// The name of the file with this number.
    fn file(&self, number: usize) -> &str {
        let cleaned = self.cleaned.as_ref().and_then(|cleaned| cleaned.files().get(number));
        let name = cleaned.or_else(|| self.files.get(number).map(|file| &file.name));
        name.map_or(&self.dataset.name, String::as_str)
    }

    /// About how many bytes will be read.
    fn bytes(&self) -> u64 {
        match self.cleaned.as_ref().and_then(|cleaned| cleaned.reports.last()) {
            Some(report) => report.after.bytes,
            None => self.files.iter().map(|file| file.stamp.size).sum(),
        }
    }
}

/// What tokens are made with.
#[derive(Clone, Copy)]
struct Making<'a> {
    tokenizer: &'a dyn Tokenize,
    facts: &'a TokenizerFacts,
    opened: Option<&'a Opened>,
}

/// What one preparation carries along.
struct Work<'a> {
    place: &'a Place,
    progress: &'a mut dyn Progress,
    surveys: Surveys,
    warnings: Vec<Diagnostic>,
}

impl Work<'_> {
    fn input<'d>(&mut self, dataset: &'d Dataset) -> Outcome<Input<'d>> {
        if dataset.is_cleaned() {
            let cleaned = clean::clean(self.place, dataset, self.progress)?;
            let contents = vec![cleaned.key.clone()];
            self.warnings.extend(cleaned.warnings());
            let files = match (&dataset.ordered_by, dataset.sources.as_slice()) {
                (Some(_), [source]) => files::find(self.place, &dataset.name, &source.files)?,
                _ => vec![],
            };
            let borders = cleaned.borders();
            return Ok(Input { dataset, files, borders, cleaned: Some(cleaned), contents });
        }
        let (mut files, mut borders, mut all) = (vec![], vec![], vec![]);
        for source in &dataset.sources {
            let own = files::find(self.place, &source.name, &source.files)?;
            all.push(contents(self.place, &source.files, &own, self.progress)?);
            files.extend(own);
            borders.push(files.len());
        }
        let contents = contents_of_sources(all);
        Ok(Input { dataset, files, borders, cleaned: None, contents })
    }

    fn tokenizer(&mut self, tokenizer: &Tokenizer, train_on: Option<&Input>) -> Outcome<Arc<dyn Tokenize>> {
        match &tokenizer.kind {
            TokenizerKind::Bytes => Ok(Arc::new(tokenizer::Bytes)),
            TokenizerKind::Hf { path, end_of_text } => self.hf(path, end_of_text.as_deref()),
            trained => {
                let name = trained.train_on().unwrap_or_default();
                let input = train_on.ok_or_else(|| vec![e0570::no_training_split(&tokenizer.name, name)])?;
                self.trained(tokenizer, input)
            }
        }
    }

    /// Reads a tokenizer from the experiment's files and remembers its facts, so that the next check need
    /// not parse them.
    fn hf(&mut self, path: &str, end_of_text: Option<&str>) -> Outcome<Arc<dyn Tokenize>> {
        let files = hf_files(self.place, path)?;
        let contents = contents(self.place, &("hf", path), &files, self.progress)?;
        let read = tokenizer::open(path, &self.place.root.join(path), end_of_text).map_err(|f| vec![*f])?;
        let entry = Entry::new(&self.place.cache, "tokenizers", &hf_key(&contents, end_of_text));
        if !matches!(entry.look::<TokenizerFacts>(), Found::Whole(_)) {
            let facts = facts_of(read.as_ref());
            self.store(&entry, |_| Ok(facts))?;
        }
        Ok(read)
    }

    /// A tokenizer from the cache, or trained now.
    fn trained(&mut self, tokenizer: &Tokenizer, input: &Input) -> Outcome<Arc<dyn Tokenize>> {
        let key = trained_key(&tokenizer.kind, input.dataset, &input.contents);
        let entry = Entry::new(&self.place.cache, "tokenizers", &key);
        let lock = self.lock(&entry)?;
        let cached = match entry.look::<TokenizerFacts>() {
            Found::Nothing => None,
            Found::Damaged(why) => self.damaged(&entry, &why),
            Found::Whole(_) => match entry.verify() {
                Ok(()) => tokenizer::open(&tokenizer.name, entry.folder(), None).ok(),
                Err(why) => self.damaged(&entry, &why),
            },
        };
        let ready = match cached {
            Some(ready) => ready,
            None => {
                let trained = {
                    let cache = &self.place.cache;
                    train::train(tokenizer, input, &mut self.surveys, cache, self.progress)?
                };
                let made = trained.clone();
                self.store_locked(&entry, &lock, move |folder| {
                    tokenizer::save(made.as_ref(), None, folder)?;
                    Ok(facts_of(made.as_ref()))
                })?;
                trained
            }
        };
        if let Some(vocab) = tokenizer.kind.asked_vocab()
            && ready.vocab() < vocab
        {
            self.warnings.push(e0562::vocabulary_not_reached(&tokenizer.name, vocab, ready.vocab()));
        }
        Ok(ready)
    }

    /// The tokens of every split of every source, from the cache or made now.
    fn tokens(&mut self, making: Making<'_>, input: &Input) -> Outcome<(DatasetFacts, Vec<Member>)> {
        let key = tokens_key(input.dataset, &input.contents, making.facts, making.opened);
        let (splits, members) = match input.dataset.is_mix() {
            true => self.mixed(&key, making, input)?,
            false => {
                let entry = Entry::new(&self.place.cache, "tokens", &key);
                let (splits, member) = self.member(&entry, making, input, 0)?;
                (splits, vec![member])
            }
        };
        let remarks = clean::remarks(self.place, input.dataset)?;
        Ok((dataset_facts(splits, &input.contents, remarks), members))
    }

    /// The tokens of one source, from this entry or made now.
    fn member(
        &mut self,
        entry: &Entry,
        making: Making<'_>,
        input: &Input,
        member: usize,
    ) -> Outcome<(Vec<SplitFacts>, Member)> {
        let lock = self.lock(entry)?;
        match entry.look::<Vec<SplitFacts>>() {
            Found::Nothing => {}
            Found::Damaged(why) => self.damaged(entry, &why).unwrap_or(()),
            Found::Whole(splits) => match open_splits(entry, input.dataset, member) {
                Ok(files) => return Ok((splits, files)),
                Err(why) => self.damaged(entry, &why).unwrap_or(()),
            },
        }
        let survey = self.surveys.of(input, &self.place.cache, self.progress)?;
        let slice = Slice { input, survey: &survey, member };
        let progress = &mut *self.progress;
        match (making.opened, input.dataset.chats()) {
            (Some(opened), Some(chats)) => {
                let tokenizer = making.tokenizer;
                let encoder = Encoder::new(opened.template(tokenizer)?, tokenizer, &chats.train_on);
                let write = |folder: &Path| conversations::write(folder, slice, &encoder, progress);
                store(entry, &lock, write)?;
            }
            _ if input.dataset.answers().is_some() => {
                let encoder = answer_encoder(making.tokenizer, input.dataset, making.opened)?;
                let write = |folder: &Path| answers::write(folder, slice, &encoder, progress);
                store(entry, &lock, write)?;
            }
            _ => {
                let write = |folder: &Path| build::write_tokens(folder, slice, making.tokenizer, progress);
                store(entry, &lock, write)?;
            }
        }
        let Found::Whole(splits) = entry.look::<Vec<SplitFacts>>() else {
            let why = "it changed just after it was written";
            return Err(vec![e0571::bad_token_file(&entry.folder().display().to_string(), why)]);
        };
        let files = open_splits(entry, input.dataset, member)
            .map_err(|why| vec![e0571::bad_token_file(&entry.folder().display().to_string(), &why)])?;
        Ok((splits, files))
    }

    fn lock(&self, entry: &Entry) -> Outcome<crate::cache::entry::Lock> {
        entry.lock().map_err(|e| vec![not_written(entry, &e)])
    }

    /// Remembers to tell; the answer is that there is nothing usable.
    fn damaged<T>(&mut self, entry: &Entry, why: &str) -> Option<T> {
        self.warnings.push(e0563::cache_damaged(&entry.folder().display().to_string(), why));
        None
    }

    fn store(
        &self,
        entry: &Entry,
        fill: impl FnOnce(&Path) -> Result<TokenizerFacts, build::Stop>,
    ) -> Outcome<()> {
        let lock = self.lock(entry)?;
        store(entry, &lock, fill)
    }

    fn store_locked(
        &self,
        entry: &Entry,
        lock: &crate::cache::entry::Lock,
        fill: impl FnOnce(&Path) -> Result<TokenizerFacts, build::Stop>,
    ) -> Outcome<()> {
        store(entry, lock, fill)
    }
}

fn store<T: serde::Serialize>(
    entry: &Entry,
    lock: &crate::cache::entry::Lock,
    fill: impl FnOnce(&Path) -> Result<T, build::Stop>,
) -> Outcome<()> {
    entry.write(lock, fill).map_err(|stop| match stop {
        build::Stop::Told(diagnostics) => diagnostics,
        build::Stop::Disk(e) => vec![not_written(entry, &e)],
    })
}

fn not_written(entry: &Entry, error: &io::Error) -> Diagnostic {
    e0564::cache_not_written(&entry.folder().display().to_string(), error)
}

/// The documents of one source of a dataset, with what the first reading found.
#[derive(Clone, Copy)]
struct Slice<'a> {
    input: &'a Input<'a>,
    survey: &'a Survey,
    member: usize,
}

impl<'a> Slice<'a> {
    /// The documents of the source.
    fn documents(&self) -> Documents<'a> {
        match self.input.dataset.is_mix() {
            true => self.input.documents_of(self.member),
            false => self.input.documents(),
        }
    }

    /// Their numbers among the documents of the dataset.
    fn range(&self) -> std::ops::Range<u64> {
        self.survey.members.get(self.member).cloned().unwrap_or(0..0)
    }

    /// Bytes of their texts.
    fn bytes(&self) -> u64 {
        self.survey.bytes.get(self.member).map_or(0, |bytes| bytes.iter().sum())
    }

    /// The split of each of them, in their order.
    fn splits(&self) -> impl Iterator<Item = io::Result<u32>> + Send + use<'a> {
        self.survey.documents(self.range()).map(|found| found.map(|found| found.split))
    }
}

/// Opens the token files of an entry; small ones are compared with their checksums.
fn open_splits(entry: &Entry, dataset: &Dataset, member: usize) -> Result<Member, String> {
    let said = |fault: Fault| fault.notes.first().cloned().unwrap_or(fault.title);
    let verified = |file: &TokenFile| match file.tokens() > ALWAYS_VERIFIED || file.verify() {
        true => Ok(()),
        false => {
            Err(format!("the checksum of the tokens of `{}` is not the one that was written", file.name()))
        }
    };
    let open = |name: &str, file: String| {
        let opened = TokenFile::open(name, &entry.file(&file)).map_err(said)?;
        verified(&opened).map(|()| opened)
    };
    let name = dataset.sources.get(member).map(|source| source.name.clone()).unwrap_or_default();
    let mut files = Member { name, splits: vec![], records: vec![], conversations: vec![] };
    for (index, split) in dataset.splits.iter().enumerate() {
        if dataset.chats().is_some() {
            let opened = ConversationFile::open(&split.name, entry.folder(), index).map_err(said)?;
            opened.files().into_iter().try_for_each(verified)?;
            files.splits.push(opened.tokens().clone());
            files.conversations.push(opened);
        } else {
            files.splits.push(open(&split.name, build::file_name(index))?);
            if dataset.is_labelled() || dataset.answers().is_some() {
                files.records.push(open(&split.name, build::records_name(index))?);
            }
        }
    }
    Ok(files)
}

/// The chat template of a dataset of conversations.
fn chat_of(place: &Place, tokenizer: &Tokenizer, dataset: &Dataset) -> Outcome<Option<Opened>> {
    if let Some(chats) = dataset.chats() {
        return chat::open(place, tokenizer, &chats.chat_template).map(Some);
    }
    match dataset.answers().map(|rendering| &rendering.chat_template) {
        Some(Some(declared)) => chat::open(place, tokenizer, declared).map(Some),
        // Records of text need none.
        Some(None) => chat::open_if_any(place, tokenizer, &ChatTemplate::Tokenizer),
        None => Ok(None),
    }
}

/// What makes tokens of prompts and answers.
pub(crate) fn answer_encoder<'t>(
    tokenizer: &'t dyn Tokenize,
    dataset: &Dataset,
    opened: Option<&Opened>,
) -> Outcome<AnswerEncoder<'t>> {
    let asked = dataset.answers().is_some_and(|rendering| rendering.chat_template.is_some());
    let template = opened.map(|opened| opened.template(tokenizer)).transpose()?;
    Ok(AnswerEncoder::new(template, asked, tokenizer))
}

/// The files that a `tokenizer.json` or its folder consists of.
fn hf_files(place: &Place, path: &str) -> Outcome<Vec<InputFile>> {
    let given = Path::new(path);
    let full = place.root.join(given);
    let (folder, main) = if full.is_dir() {
        (given, given.join(TOKENIZER_FILE))
    } else {
        (given.parent().unwrap_or(Path::new("")), given.to_path_buf())
    };
    let mut files = vec![files::find_one(place, &main)?];
    for name in [CONFIG_FILE, SPECIAL_FILE] {
        if place.root.join(folder).join(name).exists() {
            files.push(files::find_one(place, &folder.join(name))?);
        }
    }
    Ok(files)
}

fn hf_key(contents: &[String], end_of_text: Option<&str>) -> String {
    // The second field changes with what facts hold, so that older ones are found out anew.
    key_of(&("hf", "marks", contents, end_of_text))
}

/// Names are left out of keys: renaming a declaration or a file changes nothing.
fn trained_key(kind: &TokenizerKind, dataset: &Dataset, contents: &[String]) -> String {
    let asked = match kind {
        TokenizerKind::Bpe { vocab, min_frequency, .. } => ("bpe", *vocab, *min_frequency),
        TokenizerKind::Wordpiece { vocab, min_frequency, lowercase: true, .. } => {
            ("wordpiece, lower case", *vocab, *min_frequency)
        }
        TokenizerKind::Wordpiece { vocab, min_frequency, .. } => ("wordpiece", *vocab, *min_frequency),
        TokenizerKind::Unigram { vocab, .. } => ("unigram", *vocab, 0),
        TokenizerKind::Bytes | TokenizerKind::Chars { .. } | TokenizerKind::Hf { .. } => ("chars", 0, 0),
    };
    let learned = (asked, dataset_definition(dataset), contents);
    match mix::shares_of_bytes(dataset) {
        Some(shares) => key_of(&(learned, shares)),
        None => key_of(&learned),
    }
}

fn tokens_key(
    dataset: &Dataset,
    contents: &[String],
    tokenizer: &TokenizerFacts,
    opened: Option<&Opened>,
) -> String {
    let text = (dataset_definition(dataset), contents, &tokenizer.content, tokenizer.vocab);
    if dataset.answers().is_some() {
        // The second field changes with what facts hold, so that older ones are found out anew.
        return key_of(&(text, "texts", opened.map(Opened::key)));
    }
    match opened {
        Some(opened) => key_of(&(text, opened.key())),
        None => key_of(&text),
    }
}

/// What of a declaration decides how contents become splits; not how much is drawn from each source.
fn dataset_definition(dataset: &Dataset) -> impl serde::Serialize {
    let formats: Vec<_> = dataset.sources.iter().map(|s| (s.format.clone(), s.division.clone())).collect();
    let order = (dataset.fold, dataset.ordered_by.clone(), dataset.near_duplicates);
    (formats, dataset.splits.clone(), dataset.key, order)
}

fn dataset_facts(splits: Vec<SplitFacts>, contents: &[String], remarks: Vec<String>) -> DatasetFacts {
    DatasetFacts { remarks, ..DatasetFacts::measured(splits, key_of(&contents)) }
}
