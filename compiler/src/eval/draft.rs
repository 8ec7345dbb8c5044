//! From checked fields to what plans are made of: datasets, tokenizers, models, and the arithmetic of a stage.

use super::{Checked, Evaluator, Fields, Key, ObjectId, Stop, Value};
use crate::arch::ModelSpec;
use crate::codes;
use crate::kinds;
use crate::kinds::data::mix::exact;
use crate::program::Term;
use crate::quantity::{Dimension, Quantity};
use crate::world::Facts;
use regimen_base::data::{
    Certainty, Dataset, DatasetFacts, Fold, Format, Length, Marks, NearDuplicates, Probe, RecordFacts, Share,
    Source, Split, SplitFacts, Tokenizer, TokenizerFacts, TokenizerKind,
};
use regimen_base::packing::filled;
use regimen_base::{Diagnostic, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of text to assume for each source while its files are unknown.
const ASSUMED_BYTES: u64 = 1_000_000;

/// Bytes of a labelled record.
const ASSUMED_RECORD: u64 = 1_000;

/// Tokens to assume for each conversation, half of them labels.
const ASSUMED_LENGTH: u64 = 65;

/// Most sources of a dataset, over all mixes inside it.
const MAX_SOURCES: usize = 1_000;

/// What was found out of files, asked once.
#[derive(Clone, Debug, Default)]
pub struct FactBook {
    pub(super) tokenizers: BTreeMap<ObjectId, Result<TokenizerFacts, Stop>>,
    pub(super) datasets: BTreeMap<(ObjectId, ObjectId), Result<DatasetFacts, Stop>>,
    sources: BTreeMap<ObjectId, Result<Vec<Source>, Stop>>,
    probes: BTreeMap<(ObjectId, ObjectId), Result<Option<Probe>, Stop>>,
}

/// The arithmetic of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageNumbers {
    /// Tokens of a sample.
    pub sequence: u64,
    /// Samples of a step.
    pub batch: u64,
    /// Optimizer steps.
    pub steps: u64,
}

impl StageNumbers {
    /// Samples of the whole stage.
    pub fn samples(&self) -> Option<u64> {
        self.steps.checked_mul(self.batch)
    }

    /// Tokens of the whole stage.
    pub fn tokens(&self) -> Option<u64> {
        self.samples()?.checked_mul(self.sequence)
    }
}

impl<'a> Evaluator<'a> {
    /// With what was found out before.
    pub fn with_facts(self, facts: FactBook) -> Evaluator<'a> {
        *self.facts.borrow_mut() = facts;
        self
    }

    /// What was found out.
    pub fn facts(&self) -> FactBook {
        self.facts.borrow().clone()
    }

    /// Names of a dataset's parts, without looking at their shares.
    pub(super) fn split_names(&self, id: ObjectId, _: Span) -> Result<Vec<String>, Stop> {
        let expanded = self.instance.object(id);
        let mut names: Vec<String> = match expanded.block.get("split").map(|s| &s.term) {
            None => vec![TRAIN.into()],
            Some(Term::Block(block)) => block.settings.iter().map(|s| s.name.node.clone()).collect(),
            Some(Term::Leaf(_)) => {
                let fields = self.fields(id)?;
                let map = fields.map("split")?.unwrap_or(&[]);
                map.iter().map(|e| e.name.node.clone()).collect()
            }
        };
        if expanded.block.get("folds").is_some() && names.iter().all(|name| name != VALIDATION) {
            names.push(VALIDATION.into());
        }
        Ok(names)
    }

    /// The sources of a dataset with their shares.
    pub fn data_sources(&self, id: ObjectId) -> Result<Vec<Source>, Stop> {
        if let Some(known) = self.facts.borrow().sources.get(&id) {
            return known.clone();
        }
        let at = self.program.object(id).name.span;
        let result = self.through(Key::Member(id, "sources"), at, || {
            let fields = self.fields(id)?;
            let ty = fields.type_name.and_then(kinds::data::find).ok_or(Stop::Reported)?;
            let sources = merged((ty.read)(self, id, &fields)?);
            if sources.len() > MAX_SOURCES {
                let limit = format!("{MAX_SOURCES} sources");
                return Err(self.report(codes::e0212::too_large("this dataset", &limit, Some(at))));
            }
            Ok(sources)
        });
        self.facts.borrow_mut().sources.insert(id, result.clone());
        result
    }

    /// Whether each record of a dataset is one sample with a class.
    pub fn dataset_is_labelled(&self, id: ObjectId) -> Result<bool, Stop> {
        Ok(self.fields(id)?.type_name == Some(kinds::data::labelled::LABELLED.schema.name))
    }

    /// A dataset as plans know it.
    pub fn dataset(&self, id: ObjectId) -> Result<Dataset, Stop> {
        let sources = self.data_sources(id)?;
        let fields = self.fields(id)?;
        let mut splits: Vec<Split> = match fields.shares("split")? {
            None => vec![Split { name: TRAIN.into(), share: Share { numerator: 1, denominator: 1 } }],
            Some(shares) => shares
                .into_iter()
                .map(|(name, share)| Some(Split { name: name.node.clone(), share: exact(share)? }))
                .collect::<Option<_>>()
                .ok_or(Stop::Reported)?,
        };
        let fold = fold(&fields)?;
        if let Some(fold) = fold {
            divide(&mut splits, fold).ok_or(Stop::Reported)?;
        }
        let near_duplicates = match fields.word("near_duplicates")? {
            "apart" => NearDuplicates::Apart,
            _ => NearDuplicates::Together,
        };
        let ordered_by = fields.optional_text("ordered_by")?;
        // Steps of a dataset of files belong to its source, so that they also apply inside a mix.
        let mix = fields.type_name == Some(kinds::data::mix::MIX.schema.name);
        let clean = if mix { kinds::cleaning::steps(self, &fields)? } else { vec![] };
        // The key does not depend on the seed: runs with different seeds are compared on the same split.
        let name = self.object_name(id);
        Ok(Dataset { name, sources, clean, splits, key: 0, fold, ordered_by, near_duplicates })
    }

    /// A tokenizer as plans know it, and the dataset that it is trained on.
    pub fn tokenizer(&self, id: ObjectId) -> Result<(Tokenizer, Option<Dataset>), Stop> {
        let fields = self.fields(id)?;
        let ty = fields.type_name.and_then(kinds::tokenizer::find).ok_or(Stop::Reported)?;
        let kind = (ty.read)(self, &fields)?;
        let data = match fields.known("train_on").map(|c| &c.value) {
            Some(Value::Object(data)) => Some(self.dataset(*data)?),
            _ => None,
        };
        Ok((Tokenizer { name: self.object_name(id), kind }, data))
    }

    /// What is known of a tokenizer, or assumed with a note.
    pub fn tokenizer_facts(&self, id: ObjectId) -> Result<TokenizerFacts, Stop> {
        if let Some(known) = self.facts.borrow().tokenizers.get(&id) {
            return known.clone();
        }
        let result = self.find_tokenizer_facts(id);
        self.facts.borrow_mut().tokenizers.insert(id, result.clone());
        result
    }

    fn find_tokenizer_facts(&self, id: ObjectId) -> Result<TokenizerFacts, Stop> {
        let (tokenizer, data) = self.tokenizer(id)?;
        let span = self.program.object(id).name.span;
        match self.world.tokenizer_facts(&tokenizer, data.as_ref()) {
            Ok(Facts::Known(facts)) => Ok(facts),
            Err(diagnostics) => Err(self.report_all(diagnostics, span)),
            Ok(Facts::Unknown { why, missing }) => {
                let ty = kinds::tokenizer::find(tokenizer_type(&tokenizer.kind)).ok_or(Stop::Reported)?;
                let vocab = (ty.assumed_vocab)(&tokenizer.kind);
                if tokenizer.kind != TokenizerKind::Bytes {
                    self.report(codes::e0504::assumed_vocabulary(
                        &tokenizer.name,
                        vocab,
                        (&why, missing),
                        span,
                    ));
                }
                let end_of_text = u32::try_from(vocab.saturating_sub(1)).unwrap_or(u32::MAX);
                let certainty = Certainty::Estimated;
                let (mask, marks, content) = (None, Marks::default(), String::new());
                Ok(TokenizerFacts { vocab, end_of_text, mask, marks, content, certainty })
            }
        }
    }

    /// What is known of a dataset under a tokenizer, or assumed with a note.
    pub fn dataset_facts(&self, data: ObjectId, tokenizer: ObjectId) -> Result<DatasetFacts, Stop> {
        let key = (data, tokenizer);
        if let Some(known) = self.facts.borrow().datasets.get(&key) {
            return known.clone();
        }
        let result = self.find_dataset_facts(data, tokenizer);
        self.facts.borrow_mut().datasets.insert(key, result.clone());
        result
    }

    fn find_dataset_facts(&self, data: ObjectId, tokenizer: ObjectId) -> Result<DatasetFacts, Stop> {
        let dataset = self.dataset(data)?;
        let (text, train_on) = self.tokenizer(tokenizer)?;
        let span = self.program.object(data).name.span;
        match self.world.dataset_facts(&dataset, &text, train_on.as_ref()) {
            Ok(Facts::Known(facts)) => Ok(facts),
            Err(diagnostics) => Err(self.report_all(diagnostics, span)),
            Ok(Facts::Unknown { why, missing }) => {
                let facts = assumed(&dataset, &text);
                let tokens: u64 = facts.splits.iter().map(|s| s.tokens).sum();
                self.report(codes::e0504::assumed_size(&dataset.name, tokens, (&why, missing), span));
                Ok(facts)
            }
        }
    }

    /// What the chat template of a dataset makes of a small conversation under a tokenizer, as far as it can be told.
    pub fn chat_probe(&self, data: ObjectId, tokenizer: ObjectId) -> Result<Option<Probe>, Stop> {
        let key = (data, tokenizer);
        if let Some(known) = self.facts.borrow().probes.get(&key) {
            return known.clone();
        }
        let result = self.find_chat_probe(data, tokenizer);
        self.facts.borrow_mut().probes.insert(key, result.clone());
        result
    }

    fn find_chat_probe(&self, data: ObjectId, tokenizer: ObjectId) -> Result<Option<Probe>, Stop> {
        let dataset = self.dataset(data)?;
        let (text, train_on) = self.tokenizer(tokenizer)?;
        match self.world.chat_probe(&dataset, &text, train_on.as_ref()) {
            Ok(Facts::Known(probe)) => Ok(Some(probe)),
            Ok(Facts::Unknown { .. }) => Ok(None),
            Err(diagnostics) => Err(self.report_all(diagnostics, self.program.object(data).name.span)),
        }
    }

    /// Reports what is wrong with the first record of preferences and feedback: no stage asks for their sizes.
    pub fn look_at_first_record(&self, data: ObjectId) {
        let Ok(dataset) = self.dataset(data) else { return };
        if dataset.answers().is_some()
            && let Err(diagnostics) = self.world.first_record(&dataset)
        {
            let _reported = self.report_all(diagnostics, self.program.object(data).name.span);
        }
    }

    /// Reports what the outside found wrong, at the declaration if it does not say where.
    fn report_all(&self, diagnostics: Vec<Diagnostic>, span: Span) -> Stop {
        for diagnostic in diagnostics {
            let labelled = !diagnostic.labels.is_empty();
            self.report(if labelled { diagnostic } else { diagnostic.at(span, "declared here") });
        }
        Stop::Reported
    }

    /// A model with all its sizes known.
    pub fn model(&self, id: ObjectId) -> Result<Arc<dyn ModelSpec>, Stop> {
        let fields = self.fields(id)?;
        let architecture = fields.type_name.and_then(crate::arch::find).ok_or(Stop::Reported)?;
        let facts = self.tokenizer_facts(fields.object("tokenizer")?)?;
        architecture.read(&fields, &facts)
    }

    /// One field of a declaration by its path.
    pub(super) fn stage_field(&self, id: ObjectId, path: &[&str], at: Span) -> Result<Option<Checked>, Stop> {
        let expanded = self.instance.object(id);
        let ty = expanded.ty.ok_or(Stop::Reported)?;
        let Some((first, rest)) = path.split_first() else { return Err(Stop::Reported) };
        let field = ty.field(first).ok_or(Stop::Reported)?;
        let mut found = self.one_field(id, field, expanded.block.get(first), "", at)?;
        for name in rest {
            found = match found.map(|c| c.value) {
                Some(Value::Fields(fields)) => fields.get(name)?.cloned(),
                _ => None,
            };
        }
        Ok(found)
    }

    /// A field that names a declaration.
    pub(super) fn stage_object(&self, id: ObjectId, name: &'static str, at: Span) -> Result<ObjectId, Stop> {
        match self.stage_field(id, &[name], at)?.map(|c| c.value) {
            Some(Value::Object(object)) => Ok(object),
            _ => Err(Stop::Reported),
        }
    }

    fn stage_quantity(&self, id: ObjectId, name: &'static str, at: Span) -> Result<Quantity, Stop> {
        match self.stage_field(id, &[name], at)?.map(|c| c.value) {
            Some(Value::Quantity(quantity)) => Ok(quantity),
            _ => Err(Stop::Reported),
        }
    }

    /// Sequence, batch and steps; tokens, samples and epochs become steps by rounding up.
    pub fn stage_numbers(&self, id: ObjectId, at: Span) -> Result<StageNumbers, Stop> {
        let whole = |q: Quantity| q.u64().ok_or_else(|| self.report(codes::e0308::too_large(at)));
        let sequence = self.stage_quantity(id, "sequence", at).and_then(whole);
        let batch = self.stage_quantity(id, "batch", at).and_then(whole);
        let duration = self.stage_quantity(id, "duration", at);
        let (sequence, batch, duration) = (sequence?, batch?, duration?);
        let per_step = match duration.dimension {
            Dimension::STEPS => Quantity::count(1, Dimension::NONE),
            Dimension::TOKENS => {
                let tokens = batch.checked_mul(sequence);
                let how = format!("{batch} samples of {sequence} tokens.");
                let too_large = || self.report(codes::e0308::derived("the tokens of one batch", &how, at));
                Quantity::count(tokens.ok_or_else(too_large)?, Dimension::NONE)
            }
            Dimension::EPOCHS => {
                let epoch = self.samples_per_epoch(id, sequence, at)?;
                let samples = Quantity::count(batch, Dimension::NONE);
                samples.divide(&Quantity::count(epoch, Dimension::NONE)).map_err(|_| Stop::Reported)?
            }
            _ => Quantity::count(batch, Dimension::NONE),
        };
        let steps = duration.divide(&per_step).ok().and_then(|q| q.ceil_u64());
        let numbers = StageNumbers { sequence, batch, steps: steps.unwrap_or(u64::MAX) };
        if numbers.tokens().is_none() {
            let how = format!("{duration} with {batch} samples a step of {sequence} tokens.");
            return Err(self.report(codes::e0308::derived("the tokens of this stage", &how, at)));
        }
        Ok(numbers)
    }

    /// Samples of one pass over the training data.
    pub fn samples_per_epoch(&self, id: ObjectId, sequence: u64, at: Span) -> Result<u64, Stop> {
        let facts = self.stage_data_facts(id, at)?;
        let data = self.stage_object(id, "data", at)?;
        let Some(train) = facts.splits.iter().find(|s| s.name == "train") else {
            let object = self.program.object(data);
            return Err(self.report(codes::e0431::no_training_part(&object.name, at)));
        };
        match self.samples_of(id, train, sequence, at)? {
            // What is assumed of conversations fits any stage.
            0 if !train.lengths.is_empty() && facts.certainty == Certainty::Estimated => Ok(1),
            0 => Err(self.report(codes::e0505::too_little(train, sequence, at))),
            samples => Ok(samples),
        }
    }

    /// Samples of one pass over a part of the data, as the stage reads it.
    pub fn samples_of(&self, id: ObjectId, split: &SplitFacts, sequence: u64, at: Span) -> Result<u64, Stop> {
        if split.lengths.is_empty() {
            return Ok(split.samples(sequence));
        }
        let packing = match self.instance.object(id).ty.and_then(|ty| ty.field("packing")) {
            Some(_) => self.stage_field(id, &["packing"], at)?.map(|c| c.value),
            None => None,
        };
        Ok(filled(&split.lengths, sequence, matches!(packing, Some(Value::Bool(true)))).rows)
    }

    /// Facts of the data that a stage trains on, under its model's tokenizer.
    pub fn stage_data_facts(&self, id: ObjectId, at: Span) -> Result<DatasetFacts, Stop> {
        let data = self.stage_object(id, "data", at);
        let model = self.stage_object(id, "model", at);
        let (data, model) = (data?, model?);
        self.dataset_facts(data, self.stage_object(model, "tokenizer", at)?)
    }

    /// All fields, as far as they are known: for rules.
    pub fn known_fields(&self, id: ObjectId) -> Option<Fields> {
        self.fields(id).ok()
    }
}

/// The part that stages train on, and the one that a fold becomes.
const TRAIN: &str = "train";
const VALIDATION: &str = "validation";

/// The fold of a dataset; a rule tells what is wrong with it.
fn fold(fields: &Fields) -> Result<Option<Fold>, Stop> {
    let number = |name| fields.optional_quantity(name).map(|found| found.and_then(Quantity::u64));
    match (number("folds")?, number("fold")?) {
        (None, None) => Ok(None),
        (Some(of), Some(number)) if number <= of => Ok(Some(Fold { number, of })),
        _ => Err(Stop::Reported),
    }
}

/// Takes the part `validation` out of `train`: one of so many equal folds.
fn divide(splits: &mut Vec<Split>, fold: Fold) -> Option<()> {
    let at = splits.iter().position(|split| split.name == TRAIN)?;
    if splits.iter().any(|split| split.name == VALIDATION) {
        return None;
    }
    let train = splits.get_mut(at)?;
    let whole = train.share;
    let of = |folds: u64| {
        let ratio = num_rational::BigRational::new(folds.into(), fold.of.into());
        let whole = num_rational::BigRational::new(whole.numerator.into(), whole.denominator.into());
        exact(&Quantity::plain(ratio * whole))
    };
    train.share = of(fold.of - 1)?;
    splits.push(Split { name: VALIDATION.into(), share: of(1)? });
    Some(())
}

/// The type of a tokenizer in the schema.
fn tokenizer_type(kind: &TokenizerKind) -> &'static str {
    match kind {
        TokenizerKind::Bytes => "bytes",
        TokenizerKind::Chars { .. } => "chars",
        TokenizerKind::Bpe { .. } => "bpe",
        TokenizerKind::Wordpiece { .. } => "wordpiece",
        TokenizerKind::Unigram { .. } => "unigram",
        TokenizerKind::Hf { .. } => "hf",
    }
}

/// Facts to plan with while the files are unknown.
fn assumed(dataset: &Dataset, tokenizer: &Tokenizer) -> DatasetFacts {
    let per_token = kinds::tokenizer::find(tokenizer_type(&tokenizer.kind)).map_or(1, |t| t.bytes_per_token);
    let bytes = ASSUMED_BYTES.saturating_mul(dataset.sources.len() as u64);
    let records = assumed_records(dataset);
    let split = |split: &Split| {
        let bytes = (bytes as f64 * split.share.as_f64()) as u64;
        let name = split.name.clone();
        let tokens = bytes / per_token + 1;
        if dataset.chats().is_none() {
            let documents = if records.is_some() { (bytes / ASSUMED_RECORD).max(1) } else { 1 };
            let records = records.clone();
            return SplitFacts { name, documents, bytes, tokens, records, ..SplitFacts::default() };
        }
        let conversations = (tokens / ASSUMED_LENGTH).max(1);
        let supervised = conversations * ASSUMED_LENGTH / 2;
        let lengths = vec![Length { tokens: ASSUMED_LENGTH, conversations, supervised }];
        let tokens = conversations * ASSUMED_LENGTH;
        SplitFacts { name, documents: conversations, bytes, tokens, lengths, ..SplitFacts::default() }
    };
    DatasetFacts {
        splits: dataset.splits.iter().map(split).collect(),
        content: String::new(),
        certainty: Certainty::Estimated,
        sampled: None,
        remarks: vec![],
    }
}

/// The declared classes, or two; of how long records are nothing is assumed.
fn assumed_records(dataset: &Dataset) -> Option<RecordFacts> {
    let declared = dataset.sources.iter().find_map(|source| match &source.format {
        Format::Labelled { classes, .. } => Some(classes.clone()),
        _ => None,
    })?;
    let names = if declared.is_empty() { vec!["0".into(), "1".into()] } else { declared };
    Some(RecordFacts { classes: names.into_iter().map(|name| (name, 0)).collect(), lengths: vec![] })
}

/// A source that several mixes share occurs once, with the sum of its shares.
fn merged(sources: Vec<Source>) -> Vec<Source> {
    let mut out: Vec<Source> = vec![];
    for source in sources {
        match out.iter_mut().find(|s| s.name == source.name) {
            Some(same) => same.share = sum(same.share, source.share),
            None => out.push(source),
        }
    }
    out
}

fn sum(a: Share, b: Share) -> Share {
    let ratio = |s: Share| num_rational::BigRational::new(s.numerator.into(), s.denominator.into());
    exact(&Quantity::plain(ratio(a) + ratio(b))).unwrap_or(a)
}
