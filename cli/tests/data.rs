//! `regimen data` as a user sees it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, GOOD};

const LONG: &str = "The committee decided yesterday that the new library in the old town would be opened to the public next year, \
and that everybody who lives there may borrow as many books as they can carry with them. It was said that the cost of this \
would be met by the town itself. Write to ann@example.org for more of it, or have a look at the plans.";

/// An experiment with a dataset that nobody trains on yet.
fn bench() -> Bench {
    let bench = Bench::good();
    let rows = [
        format!("{{\"text\": \"{LONG}\"}}"),
        "{\"text\": \"Too short.\"}".to_string(),
        format!("{{\"text\": \"{LONG}\"}}"),
        "{\"text\": \"cut off".to_string(),
    ];
    bench.write("web/a.jsonl", rows.join("\n"));
    let data = "\ndata web : jsonl { files = \"web/*.jsonl\", broken = 25%, clean = [normalise {}, gopher {}, exact {}, pii {}] }\n";
    bench.write("good.exp", format!("{GOOD}{data}"));
    bench
}

#[test]
fn the_report_says_what_every_rule_removed() {
    let bench = bench();
    let said = bench.run(&["data", "good.exp", "web"]);
    assert_eq!((said.status, said.err.as_str()), (0, ""), "{said:?}");
    for part in [
        "web: 1 of 3 documents are left (33.3 %)",
        "left out: 1 broken record",
        "too few words",
        "duplicate",
        "email",
        "broken.jsonl",
    ] {
        assert!(said.out.contains(part), "{part:?} is not in\n{}", said.out);
    }
    // From the cache, the same.
    assert_eq!(bench.run(&["data", "good.exp", "web"]).out, said.out);
}

#[test]
fn machines_read_json_and_browsers_one_page() {
    let bench = bench();
    let said = bench.run(&["data", "good.exp", "web", "--format", "json", "--html", "page.html"]);
    let reports: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(reports[0]["after"]["documents"], 1);
    assert_eq!(reports[0]["steps"][1]["rules"]["too few words"]["examples"][0]["line"], 2);
    let page = bench.read("page.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg") && !page.contains("<script"));
}

#[test]
fn single_documents_are_explained() {
    let bench = bench();
    let why = |document: &str| bench.run(&["data", "good.exp", "web", "--why", document]).out;
    assert!(why("web/a.jsonl:1").contains("Write to <EMAIL> for more"));
    assert!(why("web/a.jsonl:2").contains("was dropped by step"), "{}", why("web/a.jsonl:2"));
    assert!(why("web/a.jsonl:3").contains("exact: duplicate (of web/a.jsonl:1)"), "{}", why("web/a.jsonl:3"));
    assert!(why("web/a.jsonl:4").contains("could not be read"), "{}", why("web/a.jsonl:4"));
    let said = bench.run(&["data", "good.exp", "web", "--why", "web/a.jsonl:9"]);
    assert_eq!(said.status, 1);
    assert!(said.err.contains("E0587"), "{}", said.err);
    let sample = bench.run(&["data", "good.exp", "web", "--sample", "5"]).out;
    assert!(sample.starts_with("── web/a.jsonl:1\n"), "{sample}");
}

#[test]
fn without_a_name_the_data_of_the_stages_are_worked_on() {
    let bench = bench();
    let said = bench.run(&["data", "good.exp"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.out.contains("documents are left (100.0 %)") && !said.out.contains("web:"), "{}", said.out);
    let said = bench.run(&["data", "good.exp", "wbe"]);
    assert_eq!(said.status, 1);
    assert!(said.err.contains("E0825") && said.err.contains("`web`"), "{}", said.err);
}

#[test]
fn too_many_broken_records_stop_everything() {
    let bench = bench();
    let said = bench.run(&["data", "good.exp", "web", "--set", "web.broken=10%"]);
    assert_eq!(said.status, 1);
    assert!(said.err.contains("1 of 4 records of `web` are broken"), "{}", said.err);
}

#[test]
fn a_field_that_no_record_has_is_found_by_check() {
    let bench = bench();
    bench.write("web/a.jsonl", "{\"body\": \"x\"}\n");
    let text = bench
        .read("good.exp")
        .replace("= corpus\n", "= web\n")
        .replace("corpus.validation", "web.validation");
    let text = text.replace("broken = 25%", "split = { train = 90%, validation = 10% }");
    bench.write("good.exp", text);
    let said = bench.run(&["check", "good.exp"]);
    assert!(said.err.contains("E0555") && said.err.contains("`body`"), "{}", said.err);
}
