//! E0503: a malformed hardware file.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0503");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a malformed hardware file",
    page: r#"A hardware file is TOML with one table per device, whose name a declaration takes: `hardware mine : my_card { file = "lib/cards.toml" }`.

| key | value | meaning |
|---|---|---|
| `backend` | `"cpu"` or `"cuda"` | **required**; other devices are not planned for |
| `memory` | text, bytes: `"24 GiB"` | **required**; what the driver gives to programs on one device |
| `bandwidth` | text, bytes a second: `"900 GB/s"` | **required**; between device and memory; of a CPU, of one thread |
| `f32` | text, FLOP a second: `"40 TFLOP/s"` | **required**; of matrix products; of a CPU, of one thread |
| `bf16` | the same | without it the device has no bf16 |
| `watts` | a number | rated power of one device, for energy |
| `device` | text | what the driver calls the GPU; a plan runs on no other |
| `multiprocessors` | a whole number | **required** for a GPU: kernels divide their work by them |
| `context` | text, bytes: `"600 MiB"` | **required** for a GPU: what driver and libraries hold beside the plan |
| `plans_only` | text | why nothing can be computed on it, if so |

```
[my_card]
backend = "cuda"
device = "NVIDIA RTX A5000"
multiprocessors = 64
memory = "24 GiB"
bandwidth = "768 GB/s"
f32 = "27.8 TFLOP/s"
bf16 = "111 TFLOP/s"
watts = 230
context = "600 MiB"

[my_box]
backend = "cpu"
memory = "64 GiB"
bandwidth = "15 GB/s"
f32 = "80 GFLOP/s"
```

A number and its unit stand with one blank between them. Any other key is an error.

```exp wrong
hardware mine : my_card { file = "lib/broken.toml" }
```

```exp right
hardware mine : my_card { file = "lib/cards.toml" }
```
"#,
};

/// What is wrong with the file.
pub fn malformed(path: &str, why: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{path}` is not a hardware file"))
        .at(span, "named here")
        .because(why.to_string())
        .help("correct the file; `regimen explain E0503` shows the form, with keys and units")
}
