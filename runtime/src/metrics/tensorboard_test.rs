//! TensorBoard's own reader on event files of an interrupted and resumed run.

use super::{Line, Recorder};
use std::path::Path;
use std::process::Command;

fn write(folder: &Path, from: u64, to: u64) {
    let (mut recorder, warning) = Recorder::open(folder, from, from).unwrap();
    assert!(warning.is_none());
    for step in from + 1..=to {
        let values = vec![("loss".to_owned(), 1.0 / step as f64)];
        recorder.write(&Line { step, tokens: step, evaluation: None, values, seconds: 0.0 }).unwrap();
        recorder.text(step, &format!("text {step}")).unwrap();
    }
}

/// Needs `REGIMEN_TENSORBOARD_PYTHON`, a Python that imports tensorboard:
/// `python -m venv /tmp/tb && /tmp/tb/bin/pip install tensorboard setuptools`.
#[test]
#[ignore = "needs REGIMEN_TENSORBOARD_PYTHON, a Python with tensorboard"]
fn its_reader_sees_every_step_once_after_a_resume() {
    let python = std::env::var("REGIMEN_TENSORBOARD_PYTHON").unwrap_or_else(|_| "python3".into());
    let folder = tempfile::tempdir().unwrap();
    // Steps 4 to 6 were done before the process was killed, and are done again from the checkpoint of 3.
    write(folder.path(), 0, 6);
    write(folder.path(), 3, 8);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tensorboard/read.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = |tag: &str| -> Vec<u64> {
        found[tag].as_array().unwrap().iter().map(|e| e[0].as_u64().unwrap()).collect()
    };
    assert_eq!(steps("train/loss"), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(found["train/loss"][7][1], 0.125);
    assert_eq!(steps("sample"), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(found["sample"][0][1], "text 1");
}
