//! The lines of the output; trailing comments are aligned when all lines are known.

/// One line without its line break.
#[derive(Debug, Default)]
struct Line {
    text: String,
    comment: Option<String>,
}

impl Line {
    fn shares_column(&self, next: &Line) -> bool {
        let indent = |line: &Line| line.text.len() - line.text.trim_start().len();
        self.comment.is_some() && next.comment.is_some() && indent(self) == indent(next)
    }
}

/// The output so far.
#[derive(Debug, Default)]
pub struct Lines {
    done: Vec<Line>,
    current: String,
}

impl Lines {
    /// Continues the current line, beginning it with `indent` levels if it is empty.
    pub fn push(&mut self, indent: usize, text: &str) {
        if self.current.is_empty() {
            self.current.push_str(&"  ".repeat(indent));
        }
        self.current.push_str(text);
    }

    /// Characters on the current line.
    pub fn width(&self) -> usize {
        self.current.chars().count()
    }

    /// Ends the current line.
    pub fn end(&mut self) {
        let text = std::mem::take(&mut self.current);
        self.done.push(Line { text, comment: None });
    }

    /// Adds an empty line, unless there is one or the output is empty.
    pub fn blank(&mut self) {
        if self.done.last().is_some_and(|line| !line.text.is_empty()) {
            self.done.push(Line::default());
        }
    }

    /// Puts a comment at the end of the line that ended last.
    pub fn comment(&mut self, text: &str) {
        if let Some(line) = self.done.last_mut() {
            line.comment = Some(text.to_owned());
        }
    }

    /// The whole text. Comments of neighbouring lines of one indentation begin in the same column.
    pub fn finish(self) -> String {
        let mut output = String::new();
        for run in self.done.chunk_by(Line::shares_column) {
            let column = run.iter().map(|line| line.text.chars().count()).max().unwrap_or(0) + 2;
            for line in run {
                output.push_str(&line.text);
                if let Some(comment) = &line.comment {
                    output.push_str(&" ".repeat(column - line.text.chars().count()));
                    output.push_str(comment);
                }
                output.push('\n');
            }
        }
        output
    }
}
