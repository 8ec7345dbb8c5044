//! E0205: unknown name.

use super::suggest;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::{Ident, Path};

/// The code.
pub const CODE: Code = Code("E0205");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "unknown name",
    page: r#"The name is not declared in this file. Names of other files are reached through the alias of their import: `lab.box`.
The order of declarations does not matter.

```exp wrong
let width = hieght * 2
let height = 4
```

```exp right
let width = height * 2
let height = 4
```
"#,
};

/// A path that begins with no declared name.
pub fn unknown_name(path: &Path, names: &[String]) -> Diagnostic {
    let (shown, word) = whole(path);
    let title = format!("there is nothing called `{shown}`");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let diagnostic = Diagnostic::error(CODE, title).at(path.span, "not declared");
    // Only as many parts as the candidates have are the mistake; `gtp2.params` keeps its member.
    let dotted = names.iter().any(|n| n.contains('.'));
    let parts = path.parts.iter().take(if dotted { path.parts.len() } else { 1 });
    let first = Ident {
        node: parts.map(|p| p.node.as_str()).collect::<Vec<_>>().join("."),
        span: if dotted { word.span } else { path.parts.first().map_or(path.span, |p| p.span) },
    };
    suggest(diagnostic, &first, &names)
}

/// The alias of an import where one of its names is needed.
pub fn import_alone(path: &Path, names: &[String]) -> Diagnostic {
    let (shown, _) = whole(path);
    let help = match names.first() {
        Some(name) => format!("name something in that file, such as `{shown}.{name}`"),
        None => "name something in that file".into(),
    };
    Diagnostic::error(CODE, format!("`{shown}` is a file, not a value"))
        .at(path.span, "the alias of an import")
        .help(help)
}

/// A budget whose name is no stage.
pub fn no_such_stage(name: &Ident, stages: &[String]) -> Diagnostic {
    let stages: Vec<&str> = stages.iter().map(String::as_str).collect();
    let diagnostic = Diagnostic::error(CODE, format!("there is no stage `{}` for this budget", name.node))
        .at(name.span, "no stage has this name")
        .because("A budget bears the name of the stage that it limits.");
    suggest(diagnostic, name, &stages)
}

fn whole(path: &Path) -> (String, Ident) {
    let shown = path.parts.iter().map(|p| p.node.as_str()).collect::<Vec<_>>().join(".");
    (shown.clone(), Ident { node: shown, span: path.span })
}
