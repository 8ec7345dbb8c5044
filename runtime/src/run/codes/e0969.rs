//! E0969: a chat template that cannot be used.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0969"),
    title: "a chat template that cannot be used",
    page: "\
A model that was tuned on conversations has a chat template: a Jinja text that turns messages into what the model was tuned on.
Hugging Face keeps it in `tokenizer_config.json` (`chat_template`) or in `chat_template.jinja`. `regimen generate --chat` takes it from the
model's folder.

A base model has none, nor has a checkpoint of a run; the template itself may also refuse messages, such as two of one role in a row.

**Fix.** Name the template, or generate without `--chat`:

```
regimen generate runs/tuned/sft --chat --template examples/smollm2/hf --prompt \"Hello\"
```
",
};

/// `what` names the template or where it was looked for.
pub fn template_refused(what: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("{what}: {why}")).help(
        "name a folder or file that holds the model's template with `--template`, or leave `--chat` out",
    )
}
