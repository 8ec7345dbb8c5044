//! Templates of instructions: texts with placeholders for the fields of a record.

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'t> {
    /// As it stands.
    Text(&'t str),
    /// `{instruction}`: what is to be done.
    Instruction,
    /// `{input}`: what it is to be done with.
    Input,
    /// `{output}`: the answer. What stands before it is the user's turn, it and what follows are the assistant's.
    Output,
}

/// The parts of a template. A brace that encloses anything but a name is text.
///
/// # Errors
/// The name of a placeholder that does not exist.
pub fn parts(template: &str) -> Result<Vec<Part<'_>>, &str> {
    let mut parts = vec![];
    let mut text = 0;
    let mut from = 0;
    while let Some(open) = template.get(from..).and_then(|rest| rest.find('{')).map(|at| from + at) {
        from = open + 1;
        let rest = template.get(from..).unwrap_or_default();
        let Some(name) = rest.find('}').and_then(|end| rest.get(..end)).filter(|name| is_name(name)) else {
            continue;
        };
        let part = match name {
            "instruction" => Part::Instruction,
            "input" => Part::Input,
            "output" => Part::Output,
            unknown => return Err(unknown),
        };
        if open > text {
            parts.push(Part::Text(template.get(text..open).unwrap_or_default()));
        }
        parts.push(part);
        from += name.len() + 1;
        text = from;
    }
    if text < template.len() {
        parts.push(Part::Text(template.get(text..).unwrap_or_default()));
    }
    Ok(parts)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_placeholders_and_other_braces_are_text() {
        let found = parts("Do {instruction}: {a b} {}{input}{output}.").unwrap_or_default();
        let expected = [
            Part::Text("Do "),
            Part::Instruction,
            Part::Text(": {a b} {}"),
            Part::Input,
            Part::Output,
            Part::Text("."),
        ];
        assert_eq!(found, expected);
        assert_eq!(parts("{topic}"), Err("topic"));
        assert_eq!(parts("{"), Ok(vec![Part::Text("{")]));
    }
}
