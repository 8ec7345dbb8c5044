//! `regimen generate`: text from a checkpoint, shown as it grows.

use regimen_base::Diagnostic;
use regimen_cli::arguments::Generate;
use regimen_cli::output;
use regimen_runtime::generate::{Request, Sampling};
use regimen_runtime::run::generate_from;

/// Prints the prompt and what the model makes of it.
pub fn generate(asked: &Generate) -> Result<(), Diagnostic> {
    let top_k = asked.top_k.map(|k| usize::try_from(k).unwrap_or(usize::MAX));
    let sampling = Sampling { temperature: asked.temperature, top_k };
    let request = Request { prompt: &asked.prompt, tokens: asked.tokens, sampling, key: asked.seed };
    let mut begun = false;
    let outcome = generate_from(&asked.checkpoint, &request, &mut |piece| {
        if !begun {
            output::out(&asked.prompt);
            begun = true;
        }
        output::out(piece);
    });
    if begun {
        output::out("\n");
    }
    outcome.map(|_| ())
}
