//! Templates in public formats that need no file.

/// Every known template: its name, and its text.
pub const ALL: [(&str, &str); 10] = [
    ("chatml", include_str!("templates/chatml.jinja")),
    ("llama2", include_str!("templates/llama2.jinja")),
    ("llama3", include_str!("templates/llama3.jinja")),
    ("mistral", include_str!("templates/mistral.jinja")),
    ("zephyr", include_str!("templates/zephyr.jinja")),
    ("gemma", include_str!("templates/gemma.jinja")),
    ("phi3", include_str!("templates/phi3.jinja")),
    ("qwen2", include_str!("templates/qwen2.jinja")),
    ("smollm2", include_str!("templates/smollm2.jinja")),
    ("alpaca", include_str!("templates/alpaca.jinja")),
];

/// The template of this name.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
