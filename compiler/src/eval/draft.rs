//! From checked fields to what plans are made of: datasets, tokenizers, models, and the arithmetic of a stage.

use super::{Checked, Evaluator, Fields, Key, ObjectId, Stop, Value};
use crate::arch::ModelSpec;
use crate::codes;
use crate::kinds;
use crate::kinds::data::mix::exact;
use crate::program::Term;
use crate::quantity::{Dimension, Quantity};
use crate::stages::classify::marks_around;
use crate::world::Facts;
use regimen_base::data::{
    Certainty, Dataset, DatasetFacts, Division, Fold, Format, Length, Marks, NearDuplicates, Probe,
    RecordFacts, Share, Source, Split, SplitFacts, Tokenizer, TokenizerFacts, TokenizerKind,
};
use regimen_base::mixing::{self, Available};
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
    /// Rows of tokens that a sample takes.
    pub texts: u64,
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

    /// Tokens of a step.
    pub fn tokens_per_step(&self) -> Option<u64> {
        self.batch.checked_mul(self.sequence)?.checked_mul(self.texts)
    }

    /// Tokens of the whole stage.
    pub fn tokens(&self) -> Option<u64> {
        self.steps.checked_mul(self.tokens_per_step()?)
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
        if expanded.ty.is_some_and(|ty| ty.name == kinds::data::mix::MIX.schema.name) {
            return Ok(self.dataset(id)?.splits.into_iter().map(|split| split.name).collect());
        }
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
            let sources = merged((ty.read)(self, id, &fields)?)
                .map_err(|twice| self.report(codes::e0462::two_divisions(&twice, at)))?;
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

    /// How a dataset itself says that its documents are divided.
    pub fn own_division(&self, id: ObjectId) -> Result<Option<Division>, Stop> {
        let fields = self.fields(id)?;
        let (shares, fold) = (fields.shares("split")?, fold(&fields)?);
        if shares.is_none() && fold.is_none() {
            return Ok(None);
        }
        let mut splits: Vec<Split> = match shares {
            None => vec![Split { name: TRAIN.into(), share: Share { numerator: 1, denominator: 1 } }],
            Some(shares) => shares
                .into_iter()
                .map(|(name, share)| Some(Split { name: name.node.clone(), share: exact(share)? }))
                .collect::<Option<_>>()
                .ok_or(Stop::Reported)?,
        };
        if let Some(fold) = fold {
            divide(&mut splits, fold).ok_or(Stop::Reported)?;
        }
        Ok(Some(Division { splits, fold }))
    }

    /// A dataset as plans know it.
    pub fn dataset(&self, id: ObjectId) -> Result<Dataset, Stop> {
        let mut sources = self.data_sources(id)?;
        let fields = self.fields(id)?;
        let whole = || Split { name: TRAIN.into(), share: Share { numerator: 1, denominator: 1 } };
        let own = self.own_division(id)?;
        let mix = fields.type_name == Some(kinds::data::mix::MIX.schema.name);
        if mix && own.is_some() && sources.iter().all(|source| source.division.is_some()) {
            // Inner mixes have given theirs to their sources, and what a source has of its own it keeps.
            let name = self.object_name(id);
            return Err(self.report(codes::e0462::nothing_to_divide(&name, fields.span_of("split"))));
        }
        let Division { mut splits, mut fold } =
            own.unwrap_or_else(|| Division { splits: vec![whole()], fold: None });
        let mut mixing = None;
        match sources.as_mut_slice() {
            // A mix of one source is that source.
            [only] => {
                if let Some(division) = only.division.take() {
                    Division { splits, fold } = division;
                }
            }
            several => {
                mixing = Some(kinds::data::mix::mixing(&fields)?);
                if several.iter().any(|source| source.division.is_some()) {
                    // The others are divided as the mix says, and have no parts but these.
                    let own = Division { splits: std::mem::take(&mut splits), fold: fold.take() };
                    for source in several.iter_mut().filter(|source| source.division.is_none()) {
                        source.division = Some(own.clone());
                    }
                }
                let divided = several.iter().filter_map(|source| source.division.as_ref());
                for split in divided.flat_map(|division| &division.splits) {
                    if splits.iter().all(|known| known.name != split.name) {
                        splits.push(split.clone());
                    }
                }
            }
        }
        let near_duplicates = match fields.word("near_duplicates")? {
            "apart" => NearDuplicates::Apart,
            _ => NearDuplicates::Together,
        };
        let ordered_by = fields.optional_text("ordered_by")?;
        // Steps of a dataset of files belong to its source, so that they also apply inside a mix.
        let clean = if mix { kinds::cleaning::steps(self, &fields)? } else { vec![] };
        // The key does not depend on the seed: runs with different seeds are compared on the same split.
        let name = self.object_name(id);
        Ok(Dataset { name, sources, mixing, clean, splits, key: 0, fold, ordered_by, near_duplicates })
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

    /// Reports what is wrong with the first record of preferences and feedback, also where no stage asks for their sizes.
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
        let texts = self.instance.object(id).ty.map_or(1, |ty| kinds::stage::texts_of_sample(ty.name));
        let mut numbers = StageNumbers { sequence, texts, batch, steps: 0 };
        let per_step = match duration.dimension {
            Dimension::STEPS => Quantity::count(1, Dimension::NONE),
            Dimension::TOKENS => {
                let how = format!("{batch} samples of {sequence} tokens.");
                let too_large = || self.report(codes::e0308::derived("the tokens of one batch", &how, at));
                Quantity::count(numbers.tokens_per_step().ok_or_else(too_large)?, Dimension::NONE)
            }
            Dimension::EPOCHS => {
                let epoch = self.samples_per_epoch(id, sequence, at)?;
                let samples = Quantity::count(batch, Dimension::NONE);
                samples.divide(&Quantity::count(epoch, Dimension::NONE)).map_err(|_| Stop::Reported)?
            }
            _ => Quantity::count(batch, Dimension::NONE),
        };
        let steps = duration.divide(&per_step).ok().and_then(|q| q.ceil_u64());
        numbers.steps = steps.unwrap_or(u64::MAX);
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
        let available = self.available(id, train, sequence, at)?;
        let dataset = self.dataset(data)?;
        for (part, (found, source)) in train.parts().iter().zip(available.iter().zip(&dataset.sources)) {
            // What is assumed of conversations fits any stage, and a source without weight is not drawn from.
            let assumed = !part.lengths.is_empty() && facts.certainty == Certainty::Estimated;
            if found.samples == 0 && source.share.numerator > 0 && !assumed {
                return Err(self.report(codes::e0505::too_little(part, sequence, at)));
            }
        }
        let samples = match dataset.is_mix() {
            true => mixing::epoch(&dataset, &available),
            false => available.iter().map(|found| found.samples).sum(),
        };
        Ok(samples.max(1))
    }

    /// Samples of one pass over a part of the data, as the stage reads it.
    pub fn samples_of(&self, id: ObjectId, split: &SplitFacts, sequence: u64, at: Span) -> Result<u64, Stop> {
        if self.instance.object(id).ty.is_some_and(|ty| ty.name == kinds::stage::reward_model::TYPE.name) {
            return Ok(split.pairs(sequence, self.marks_of(id, at)?));
        }
        Ok(self.available(id, split, sequence, at)?.iter().map(|found| found.samples).sum())
    }

    /// The same of every source.
    pub fn available(
        &self,
        id: ObjectId,
        split: &SplitFacts,
        sequence: u64,
        at: Span,
    ) -> Result<Vec<Available>, Stop> {
        let packing = match self.instance.object(id).ty.and_then(|ty| ty.field("packing")) {
            Some(_) => self.stage_field(id, &["packing"], at)?.map(|c| c.value),
            None => None,
        };
        let packing = matches!(packing, Some(Value::Bool(true)));
        Ok(split.parts().iter().map(|part| available(part, sequence, packing)).collect())
    }

    /// Tokens around each text of a stage whose model has a head for the whole text.
    pub fn marks_of(&self, id: ObjectId, at: Span) -> Result<u64, Stop> {
        let model = self.stage_object(id, "model", at)?;
        let (spec, tokenizer) = (self.model(model)?, self.stage_object(model, "tokenizer", at)?);
        let facts = self.tokenizer_facts(tokenizer)?;
        Ok(spec.body().map_or(0, |body| marks_around(body.head.reads, &facts, spec.vocab()).around()))
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

/// What a stage finds in one source: windows of text, or rows of conversations.
pub fn available(part: &SplitFacts, sequence: u64, packing: bool) -> Available {
    if part.lengths.is_empty() {
        return Available { samples: part.samples(sequence), tokens: sequence as f64 };
    }
    let filled = filled(&part.lengths, sequence, packing);
    Available { samples: filled.rows, tokens: filled.positions as f64 / filled.rows.max(1) as f64 }
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
    let records = assumed_records(dataset);
    let part = |name: String, share: f64| {
        let bytes = (ASSUMED_BYTES as f64 * share) as u64;
        let tokens = bytes / per_token + 1;
        if dataset.chats().is_none() {
            let divided = records.is_some() || dataset.answers().is_some();
            let documents = if divided { (bytes / ASSUMED_RECORD).max(1) } else { 1 };
            let records = records.clone();
            return SplitFacts { name, documents, bytes, tokens, records, ..SplitFacts::default() };
        }
        let conversations = (tokens / ASSUMED_LENGTH).max(1);
        let supervised = conversations * ASSUMED_LENGTH / 2;
        let lengths = vec![Length { tokens: ASSUMED_LENGTH, conversations, supervised }];
        let tokens = conversations * ASSUMED_LENGTH;
        SplitFacts { name, documents: conversations, bytes, tokens, lengths, ..SplitFacts::default() }
    };
    let member = |source: &Source, name: &str| {
        let division = dataset.division(source);
        match division.splits.iter().find(|split| split.name == name) {
            Some(split) => part(source.name.clone(), split.share.as_f64()),
            None => SplitFacts { name: source.name.clone(), ..SplitFacts::default() },
        }
    };
    let split = |split: &Split| match dataset.is_mix() {
        true => {
            let members = dataset.sources.iter().map(|source| member(source, &split.name));
            SplitFacts::of_members(&split.name, members.collect())
        }
        false => part(split.name.clone(), split.share.as_f64()),
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

/// A source that several mixes share occurs once, with the sum of its shares; an error with its name if they divide it in different ways.
fn merged(sources: Vec<Source>) -> Result<Vec<Source>, String> {
    let mut out: Vec<Source> = vec![];
    for source in sources {
        match out.iter_mut().find(|s| s.name == source.name) {
            Some(same) if same.division != source.division => return Err(source.name),
            Some(same) => same.share = sum(same.share, source.share),
            None => out.push(source),
        }
    }
    Ok(out)
}

fn sum(a: Share, b: Share) -> Share {
    let ratio = |s: Share| num_rational::BigRational::new(s.numerator.into(), s.denominator.into());
    exact(&Quantity::plain(ratio(a) + ratio(b))).unwrap_or(a)
}
