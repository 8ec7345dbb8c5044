//! E0578: a record has no prompt with answers.

use regimen_base::data::Format;
use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0578` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0578"),
    title: "a record has no prompt with answers",
    page: r#"A dataset of the type `preferences` holds one JSON object on each line, of one of these forms; texts may be lists of messages instead:

```
{"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}
{"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Go away."}]}
```

In the second form the prompt is what both answers begin with. A dataset of the type `feedback` holds single answers and whether each is good:

```
{"prompt": "The sky is", "completion": " green.", "label": false}
```

Fields of other names are declared: `chosen = "better"`.
"#,
};

/// Line `line` of `file` has none; `what` says what is missing of a record in this format.
pub fn no_answers(file: &str, line: u64, what: &str, format: &Format) -> Diagnostic {
    let (missing, field) = match format {
        Format::Feedback(_) => ("answer with a verdict", "completion"),
        _ => ("prompt with answers", "chosen"),
    };
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: no {missing}"))
        .because(what.to_string())
        .help(format!("declare the names of the fields, such as `{field} = \"…\"`, or repair the record"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let format = Format::Jsonl { field: "text".into() };
        let message = no_answers("x.jsonl", 3, "The record has no field `chosen`.", &format);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3"), "{}", message.title);
    }
}
