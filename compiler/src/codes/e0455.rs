//! E0455: a template of instructions that loses a field, or asks for one that does not exist.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0455");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a template of instructions that loses a field, or asks for one that does not exist",
    page: r#"A `template` of `chats` makes a question of a record with an instruction. Its placeholders are `{instruction}`, which it must have,
`{input}`, and `{output}`, where the answer begins. A brace that encloses anything but a name is text.

```exp wrong
data tasks : chats { files = "tasks.jsonl", chat_template = zephyr, template = "Do this: {task}" }
```

```exp right
data tasks : chats { files = "tasks.jsonl", chat_template = zephyr, template = "Do this: {instruction}\n{input}" }
```
"#,
};

/// A placeholder that is none.
pub fn unknown(name: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("there is no placeholder `{{{name}}}`"))
        .at(at, "asks for it")
        .help("the placeholders are `{instruction}`, `{input}` and `{output}`")
}

/// The instruction is not mentioned, or only after the answer began.
pub fn no_instruction(at: Span) -> Diagnostic {
    Diagnostic::error(CODE, "a template does not say what is to be done")
        .at(at, "no `{instruction}` before the answer")
        .help("write `{instruction}` where the instruction of a record is to stand")
}
