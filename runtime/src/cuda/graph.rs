//! CUDA graphs: a program recorded once and replayed without a word from the host.

use super::device::{Cuda, text};
use crate::codes;
use cudarc::driver::{result, sys};
use regimen_base::Diagnostic;

/// A recorded program. Its addresses are those that the program used while it was recorded.
#[derive(Debug)]
pub struct Graph {
    executable: sys::CUgraphExec,
}

impl Graph {
    /// Records what `body` puts on the stream. Nothing of it runs.
    ///
    /// # Errors
    /// Those of `body`, and if something in it cannot be recorded.
    pub fn record(cuda: &Cuda, body: impl FnOnce() -> Result<(), Diagnostic>) -> Result<Graph, Diagnostic> {
        // Thread-local: libraries may ask the driver anything meanwhile that is no work.
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream lives as long as libtorch; the graph is destroyed once, here.
        unsafe {
            result::stream::begin_capture(cuda.stream(), mode).map_err(|e| failed("record", e))?;
            let outcome = body();
            let graph = result::stream::end_capture(cuda.stream()).map_err(|e| failed("record", e));
            outcome?;
            let graph = graph?;
            let executable = result::graph::instantiate(graph, sys::CUgraphInstantiate_flags(0));
            let _ = result::graph::destroy(graph);
            Ok(Graph { executable: executable.map_err(|e| failed("prepare", e))? })
        }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn replay(&self, cuda: &Cuda) -> Result<(), String> {
        // SAFETY: made by `record`, destroyed with the value.
        unsafe { result::graph::launch(self.executable, cuda.stream()) }
            .map_err(|e| format!("cannot replay a graph: {}", text(e)))
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: made by `record`, destroyed once.
        let _ = unsafe { result::graph::exec_destroy(self.executable) };
    }
}

fn failed(verb: &str, error: result::DriverError) -> Diagnostic {
    codes::library_failed(&format!("{verb} a CUDA graph"), &text(error))
}
