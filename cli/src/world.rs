//! The compiler's view of the disk: the experiment's folder and nothing else, unless the user allows more.

use crate::calibration;
use crate::files;
use regimen_base::Diagnostic;
use regimen_base::data::{Dataset, DatasetFacts, Probe, Tokenizer, TokenizerFacts};
use regimen_compiler::world::{Facts, World, WorldError};
use regimen_data::codes::e0550;
use regimen_data::{Place, Progress};
use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

/// More bytes than any file that the compiler reads has.
const LARGEST: u64 = 8 << 20;

/// Seed by which documents are sampled for predictions.
const SAMPLE: u64 = 0;

/// How much work facts about data are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Look at files, open none: what is not cached, or not there, is assumed.
    Cached,
    /// Read the data once, clean and tokenise a sample of it, and predict from that.
    Sample,
    /// Prepare the data where that was not done yet; it is then ready for the run.
    Prepare,
}

/// The folder of an experiment.
pub struct Folder {
    place: Place,
    /// The experiment's file name and text: the user named it, so it may be a link to anywhere.
    root: (String, String),
    effort: Effort,
    progress: RefCell<Box<dyn Progress>>,
    /// Members of a sweep ask the same things again.
    tokenizers: Memo<(Tokenizer, Option<Dataset>), Facts<TokenizerFacts>>,
    datasets: Memo<(Dataset, Tokenizer, Option<Dataset>), Facts<DatasetFacts>>,
    probes: Memo<(Dataset, Tokenizer, Option<Dataset>), Facts<Probe>>,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder")
            .field("place", &self.place)
            .field("effort", &self.effort)
            .finish_non_exhaustive()
    }
}

impl Folder {
    /// The folder at `place` with the experiment `name`, whose text has been read.
    pub fn new(
        place: Place,
        name: &str,
        text: String,
        effort: Effort,
        progress: Box<dyn Progress>,
    ) -> Folder {
        Folder {
            place,
            root: (name.to_string(), text),
            effort,
            progress: RefCell::new(progress),
            tokenizers: Memo::default(),
            datasets: Memo::default(),
            probes: Memo::default(),
        }
    }

    /// Name of the experiment's file.
    pub fn root(&self) -> &str {
        &self.root.0
    }

    /// The file that a path means, if it may be read.
    fn resolve(&self, path: &str) -> Result<PathBuf, WorldError> {
        let found = self.place.root.join(path).canonicalize().map_err(|e| world_error(&e))?;
        if self.place.outside {
            return Ok(found);
        }
        let root = self.place.root.canonicalize().map_err(|e| world_error(&e))?;
        if found.starts_with(root) { Ok(found) } else { Err(WorldError::Outside) }
    }
}

impl World for Folder {
    fn read(&self, path: &str) -> Result<String, WorldError> {
        if path == self.root.0 {
            return Ok(self.root.1.clone());
        }
        files::read_text(&self.resolve(path)?, LARGEST).map_err(|e| world_error(&e))
    }

    fn may_leave(&self) -> bool {
        self.place.outside
    }

    fn tokenizer_facts(
        &self,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<TokenizerFacts>, Vec<Diagnostic>> {
        self.tokenizers.get((tokenizer.clone(), train_on.cloned()), || match self.effort {
            Effort::Cached | Effort::Sample => {
                at_hand(regimen_data::tokenizer_facts_if_cached(&self.place, tokenizer, train_on))
            }
            Effort::Prepare => {
                let mut progress = self.progress.borrow_mut();
                regimen_data::tokenizer_facts(&self.place, tokenizer, train_on, progress.as_mut())
                    .map(Facts::Known)
            }
        })
    }

    fn dataset_facts(
        &self,
        dataset: &Dataset,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<DatasetFacts>, Vec<Diagnostic>> {
        let key = (dataset.clone(), tokenizer.clone(), train_on.cloned());
        self.datasets.get(key, || match self.effort {
            Effort::Cached => {
                let facts = regimen_data::facts_if_cached(&self.place, tokenizer, train_on, dataset);
                at_hand(facts.map(|found| found.map(|facts| facts.dataset)))
            }
            Effort::Sample => {
                let mut progress = self.progress.borrow_mut();
                let place = &self.place;
                let predicted =
                    regimen_data::predict(place, tokenizer, train_on, dataset, SAMPLE, progress.as_mut());
                at_hand(predicted)
            }
            Effort::Prepare => {
                let mut progress = self.progress.borrow_mut();
                let facts =
                    regimen_data::facts(&self.place, tokenizer, train_on, dataset, progress.as_mut())?;
                Ok(Facts::Known(facts.dataset))
            }
        })
    }

    fn chat_probe(
        &self,
        dataset: &Dataset,
        tokenizer: &Tokenizer,
        train_on: Option<&Dataset>,
    ) -> Result<Facts<Probe>, Vec<Diagnostic>> {
        let key = (dataset.clone(), tokenizer.clone(), train_on.cloned());
        self.probes.get(key, || match self.effort {
            Effort::Cached | Effort::Sample => {
                at_hand(regimen_data::chat_probe_if_cached(&self.place, tokenizer, train_on, dataset))
            }
            Effort::Prepare => {
                let mut progress = self.progress.borrow_mut();
                at_hand(regimen_data::chat_probe(
                    &self.place,
                    tokenizer,
                    train_on,
                    dataset,
                    progress.as_mut(),
                ))
            }
        })
    }

    fn first_record(&self, dataset: &Dataset) -> Result<(), Vec<Diagnostic>> {
        at_hand(regimen_data::first_record(&self.place, dataset).map(Some)).map(|_| ())
    }

    fn calibration(&self, hardware: &str) -> Option<String> {
        std::fs::read_to_string(calibration::path(hardware)?).ok()
    }
}

/// Answers by question; there are few.
struct Memo<K, V> {
    known: RefCell<Vec<(K, Answer<V>)>>,
}

/// What a question led to.
type Answer<V> = Result<V, Vec<Diagnostic>>;

impl<K, V> Default for Memo<K, V> {
    fn default() -> Memo<K, V> {
        Memo { known: RefCell::default() }
    }
}

impl<K: PartialEq, V: Clone> Memo<K, V> {
    fn get(&self, key: K, find: impl FnOnce() -> Answer<V>) -> Answer<V> {
        if let Some((_, known)) = self.known.borrow().iter().find(|(asked, _)| *asked == key) {
            return known.clone();
        }
        let found = find();
        self.known.borrow_mut().push((key, found.clone()));
        found
    }
}

/// What is known without work. An experiment is often checked where its data are not: that no file is there is then a
/// reason to assume, not a mistake.
fn at_hand<T>(found: Result<Option<T>, Vec<Diagnostic>>) -> Result<Facts<T>, Vec<Diagnostic>> {
    match found {
        Ok(Some(facts)) => Ok(Facts::Known(facts)),
        Ok(None) => Ok(Facts::Unknown { why: "the data have not been prepared yet".into(), missing: false }),
        Err(wrong) if wrong.iter().all(|d| d.code == e0550::PAGE.code) => {
            let titles: Vec<&str> = wrong.iter().map(|d| d.title.as_str()).collect();
            Ok(Facts::Unknown { why: titles.join(", "), missing: true })
        }
        Err(wrong) => Err(wrong),
    }
}

fn world_error(error: &io::Error) -> WorldError {
    match error.kind() {
        io::ErrorKind::NotFound => WorldError::NotFound,
        io::ErrorKind::InvalidData => WorldError::NotText,
        io::ErrorKind::FileTooLarge => WorldError::TooLarge(LARGEST),
        io::ErrorKind::IsADirectory => WorldError::Other("it is a folder".to_string()),
        _ => WorldError::Other(error.to_string()),
    }
}

/// The folder of a file; the working directory if none is named.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_data::NoProgress;
    use std::fs;

    fn folder(root: &Path, outside: bool) -> Folder {
        let place = Place { outside, ..Place::new(root) };
        Folder::new(place, "a.exp", "# root".into(), Effort::Cached, Box::new(NoProgress))
    }

    #[test]
    fn files_of_the_folder_are_read_and_the_reasons_against_others_told() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("lib")).unwrap();
        fs::write(temp.path().join("lib/b.exp"), "# b").unwrap();
        fs::write(temp.path().join("lib/bytes"), [0xff]).unwrap();
        let world = folder(temp.path(), false);
        assert_eq!(world.read("a.exp").as_deref(), Ok("# root"));
        assert_eq!(world.read("lib/b.exp").as_deref(), Ok("# b"));
        assert_eq!(world.read("c.exp"), Err(WorldError::NotFound));
        assert_eq!(world.read("lib/bytes"), Err(WorldError::NotText));
        assert_eq!(world.read("lib"), Err(WorldError::Other("it is a folder".into())));
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_outside_are_refused_unless_allowed() {
        let temp = tempfile::tempdir().unwrap();
        let inside = temp.path().join("inside");
        fs::create_dir(&inside).unwrap();
        fs::write(temp.path().join("secret.exp"), "# secret").unwrap();
        std::os::unix::fs::symlink(temp.path().join("secret.exp"), inside.join("link.exp")).unwrap();
        assert_eq!(folder(&inside, false).read("link.exp"), Err(WorldError::Outside));
        assert_eq!(folder(&inside, false).read("../secret.exp"), Err(WorldError::Outside));
        assert_eq!(folder(&inside, true).read("link.exp").as_deref(), Ok("# secret"));
    }
}
