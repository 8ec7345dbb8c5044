//! Timelines in the Trace Event Format, which Perfetto and chrome://tracing show: what is planned and what was measured look the
//! same, with the plan's names.

use crate::plan::Stage;
use crate::program::Program;
use serde::Serialize;

/// A timeline.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    trace_events: Vec<Event>,
}

/// A span of time, a counter at a moment, or the name of a row.
#[derive(Debug, Serialize)]
struct Event {
    name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: String,
    ph: &'static str,
    /// Microseconds.
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: usize,
    tid: usize,
    args: serde_json::Value,
}

impl Trace {
    /// Adds the programs of a stage as rows of one process of this name; `seconds` gives the time of each instruction of a program, or nothing
    /// for a program that did not run. The bytes alive are a counter beside each.
    pub fn stage(&mut self, name: &str, stage: &Stage, seconds: impl Fn(&Program) -> Option<Vec<f64>>) {
        let pid = 1 + self.trace_events.iter().map(|event| event.pid).max().unwrap_or(0);
        self.label("process_name", name, pid, 0);
        for (tid, program) in stage.programs.values().enumerate() {
            if let Some(seconds) = seconds(program) {
                self.label("thread_name", &program.name, pid, tid);
                self.program(program, &seconds, pid, tid);
            }
        }
    }

    /// The timeline as JSON.
    ///
    /// # Errors
    /// If a time is not finite.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    fn label(&mut self, what: &str, name: &str, pid: usize, tid: usize) {
        let args = serde_json::json!({ "name": name });
        let name = what.to_string();
        self.trace_events.push(Event {
            name,
            cat: String::new(),
            ph: "M",
            ts: 0.0,
            dur: None,
            pid,
            tid,
            args,
        });
    }

    fn program(&mut self, program: &Program, seconds: &[f64], pid: usize, tid: usize) {
        let mut now = 0.0;
        for (instruction, seconds) in program.instructions.iter().zip(seconds) {
            let micros = seconds * 1e6;
            let outputs: Vec<String> = (instruction.outputs.iter())
                .filter_map(|id| program.tensors.get(id.index()))
                .map(|tensor| tensor.ty.to_string())
                .collect();
            self.trace_events.push(Event {
                name: instruction.name.to_string(),
                cat: instruction.op.to_string(),
                ph: "X",
                ts: now,
                dur: Some(micros),
                pid,
                tid,
                args: serde_json::json!({
                    "operation": instruction.op, "results": outputs, "FLOPs": instruction.flops, "bytes": instruction.bytes,
                }),
            });
            now += micros;
            self.trace_events.push(Event {
                name: format!("{}: bytes alive", program.name),
                cat: String::new(),
                ph: "C",
                ts: now,
                dur: None,
                pid,
                tid,
                args: serde_json::json!({ "bytes": instruction.live }),
            });
        }
    }
}
