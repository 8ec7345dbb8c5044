//! What every command prints and how it ends, on good files and on bad ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{Bench, GOOD, Said, examples};
use std::io::Read as _;
use std::process::Stdio;

/// The good experiment with a misspelt field in line 16.
fn misspelt() -> String {
    GOOD.replace("heads     = 2", "heads     = 2\n  dropuot   = 10%")
}

#[test]
fn without_a_command_the_help_is_shown_and_the_usage_is_wrong() {
    let said = Bench::new().run(&[]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("Usage: regimen"), "{}", said.err);
}

#[test]
fn help_and_version_are_fine() {
    let bench = Bench::new();
    let help = bench.run(&["--help"]);
    assert_eq!((help.status, help.err.as_str()), (0, ""));
    for command in [
        "check",
        "plan",
        "data",
        "run",
        "show",
        "fmt",
        "explain",
        "init",
        "import",
        "generate",
        "evaluate",
        "export",
        "calibrate",
    ] {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command} is not in the help:\n{}", help.out);
        assert_eq!(bench.run(&[command, "--help"]).status, 0, "{command}");
    }
    assert!(bench.run(&["--version"]).out.starts_with("regimen 0."));
}

#[test]
fn unknown_commands_and_flags_are_usage_errors() {
    let bench = Bench::good();
    for wrong in [
        &["chek", "good.exp"][..],
        &["check"],
        &["check", "good.exp", "--frmat", "json"],
        &["check", "good.exp", "--format", "xml"],
        &["plan", "good.exp", "--set", "novalue"],
        &["run", "good.exp", "--resume", "--fresh"],
        &["generate", "runs", "--tokens", "many"],
        &["generate", "runs"],
        &["generate", "runs", "--prompt", "x", "--system", "y"],
        &["evaluate", "runs"],
    ] {
        let said = bench.run(wrong);
        assert_eq!(said.status, 2, "{wrong:?}: {said:?}");
        assert!(said.err.contains("error:") && said.out.is_empty(), "{wrong:?}: {said:?}");
    }
    assert!(bench.run(&["chek"]).err.contains("check"), "suggests the command that was meant");
}

#[test]
fn importing_says_what_is_wrong_with_a_file_and_leaves_nothing() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["import", "good.exp"]).status, 2, "where to write must be said");
    let said = bench.run(&["import", "good.exp", "--out", "model"]);
    assert!(
        said.status == 1 && said.err.contains("E0572") && said.err.contains("does not begin with `GGUF`"),
        "{said:?}"
    );
    assert!(!bench.path("model").exists());
    assert!(bench.run(&["import", "none.gguf", "--out", "model"]).err.contains("`none.gguf` cannot be read"));
}

#[test]
fn a_good_file_checks_plans_and_shows() {
    let bench = Bench::good();
    let plan = bench.run(&["plan", "good.exp"]);
    assert_eq!(plan.status, 0, "{plan:?}");
    assert!(plan.out.contains("stage pretrain") && plan.out.contains("memory at the peak"), "{}", plan.out);
    let check = bench.run(&["check", "good.exp"]);
    assert_eq!((check.status, check.out.as_str()), (0, ""), "{check:?}");
    assert!(!check.err.contains("assumed"), "what was measured is known: {}", check.err);
    let show = bench.run(&["show", "good.exp"]);
    assert_eq!(show.status, 0, "{show:?}");
    assert!(show.out.contains("# default"), "{}", show.out);
}

#[test]
fn check_reads_no_data_but_plan_prepares_it() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["check", "good.exp"]).status, 0);
    assert!(!bench.path(".regimen").exists());
    let assumed = bench.run(&["plan", "good.exp", "--assume"]);
    assert!(assumed.status == 0 && assumed.out.contains("estimated"), "{assumed:?}");
    assert!(!bench.path(".regimen").exists());
    let measured = bench.run(&["plan", "good.exp"]);
    assert!(measured.status == 0 && !measured.out.contains("estimated"), "{measured:?}");
    assert!(bench.path(".regimen/cache").is_dir());
}

#[test]
fn a_shown_experiment_has_the_same_plan() {
    let bench = Bench::good();
    let shown = bench.run(&["show", "good.exp", "--set", "tiny.heads=4"]);
    bench.write("shown.exp", &shown.out);
    let hash = |arguments: &[&str]| {
        let said = bench.run(arguments);
        assert_eq!(said.status, 0, "{said:?}");
        let plan: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        plan["hash"].as_str().unwrap().to_string()
    };
    let changed = hash(&["plan", "good.exp", "--format", "json", "--set", "tiny.heads=4"]);
    assert_eq!(hash(&["plan", "shown.exp", "--format", "json"]), changed);
    assert_ne!(hash(&["plan", "good.exp", "--format", "json"]), changed);
}

#[test]
fn a_plan_is_written_as_json_and_drawn_as_a_graph() {
    let bench = Bench::good();
    let said = bench.run(&["plan", "good.exp", "--out", "plan.json"]);
    assert!(said.status == 0 && said.err.ends_with("wrote plan.json\n"), "{said:?}");
    let plan = regimen_base::plan::Plan::from_json(&bench.read("plan.json")).unwrap();
    assert_eq!(plan.content.stages.len(), 1);
    assert!(bench.run(&["plan", "good.exp", "--format", "dot"]).out.starts_with("digraph"));
    let nowhere = bench.run(&["plan", "good.exp", "--out", "no/such/folder/plan.json"]);
    assert!(nowhere.status == 1 && nowhere.err.contains("E0811"), "{nowhere:?}");
}

#[test]
fn an_unknown_stage_is_answered_with_those_that_there_are() {
    let said = Bench::good().run(&["plan", "good.exp", "--stage", "pretrian"]);
    assert!(said.status == 1 && said.err.contains("`pretrain`"), "{said:?}");
}

#[test]
fn mistakes_are_shown_with_place_help_and_counts() {
    let bench = Bench::good();
    bench.write("bad.exp", misspelt().replace("lr = 1e-3", "lr = 1e-3 tokens"));
    let said = bench.run(&["check", "bad.exp"]);
    assert_eq!((said.status, said.out.as_str()), (1, ""));
    assert!(said.err.contains("bad.exp:16:3") && said.err.contains("`dropout`"), "{}", said.err);
    assert!(said.err.contains("2 errors") && said.err.contains("in 1 file\n"), "{}", said.err);
    assert!(said.err.contains("regimen explain E0"), "{}", said.err);
    assert!(!said.err.contains('\x1b'), "no colours where nobody sees them");
    assert!(bench.run(&["check", "bad.exp", "--color", "always"]).err.contains('\x1b'));
}

#[test]
fn concise_and_json_go_to_standard_output() {
    let bench = Bench::good();
    bench.write("bad.exp", misspelt());
    let concise = bench.run(&["check", "bad.exp", "good.exp", "--format", "concise"]);
    assert_eq!((concise.status, concise.err.as_str()), (1, ""));
    assert!(concise.out.starts_with("bad.exp:16:3: error[E0"), "{}", concise.out);
    let json = bench.run(&["check", "bad.exp", "--format", "json"]);
    let all: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let first = &all[0];
    assert_eq!(first["severity"], "error");
    assert_eq!(first["labels"][0]["file"], "bad.exp");
    assert_eq!(first["labels"][0]["line"], 16);
    assert_eq!(first["fixes"][0]["edits"][0]["replacement"], "dropout");
}

#[test]
fn files_are_named_as_the_user_named_them() {
    let bench = Bench::good();
    bench.write("lab/bad.exp", misspelt());
    bench.write("lab/data/a.txt", "text");
    let said = bench.run(&["check", "lab/bad.exp", "--format", "concise"]);
    assert!(said.out.starts_with("lab/bad.exp:16:3: "), "{said:?}");
    let absolute = bench.path("lab/bad.exp");
    let said = bench.run(&["check", absolute.to_str().unwrap(), "--format", "concise"]);
    assert!(said.out.starts_with(absolute.to_str().unwrap()), "{said:?}");
}

#[test]
fn only_budgets_failing_has_its_own_status() {
    let bench = Bench::good();
    bench.write("tight.exp", format!("{GOOD}\nbudget pretrain {{ compute <= 1 FLOP }}\n"));
    for command in ["check", "plan"] {
        let said = bench.run(&[command, "tight.exp"]);
        assert!(said.status == 3 && said.err.contains("E0701"), "{said:?}");
    }
    bench.write("both.exp", format!("{GOOD}\nbudget pretrain {{ compute <= 1 FLOP }}\nassert 1 > 2\n"));
    assert_eq!(bench.run(&["check", "both.exp"]).status, 1);
}

#[test]
fn what_is_no_experiment_is_refused_with_a_reason() {
    let bench = Bench::good();
    bench.write("binary.exp", [0xff, 0x00, 0xfe]);
    bench.write("huge.exp", "# nothing\n".repeat(600_000));
    for command in ["check", "plan", "show"] {
        for (file, reason) in [
            ("missing.exp", "there is no file"),
            ("data", "is a folder"),
            ("binary.exp", "not UTF-8"),
            ("huge.exp", "MiB"),
        ] {
            let said = bench.run(&[command, file]);
            assert!(said.status == 1 && said.err.contains(reason), "{command} {file}: {said:?}");
            assert!(said.out.is_empty(), "{command} {file}: {said:?}");
        }
    }
}

#[test]
fn a_file_without_stages_is_fine_but_cannot_be_planned() {
    let bench = Bench::new();
    bench.write("empty.exp", "");
    assert_eq!(bench.run(&["check", "empty.exp"]).status, 0);
    let said = bench.run(&["plan", "empty.exp"]);
    assert!(said.status == 1 && said.out.is_empty() && said.err.contains("E0816"), "{said:?}");
}

#[test]
fn files_outside_the_folder_are_only_read_when_allowed() {
    let bench = Bench::good();
    bench.write("lab.exp", "hardware big : cpu { threads = 1 }\n");
    bench.write("inner/data/a.txt", "text and more text, again and again. ".repeat(50));
    bench.write(
        "inner/x.exp",
        format!("import \"../lab.exp\" as lab\n{}", GOOD.replace("on          = box", "on = lab.big")),
    );
    let refused = bench.run(&["check", "inner/x.exp"]);
    assert!(refused.status == 1 && refused.err.contains("outside"), "{refused:?}");
    let allowed = bench.run(&["check", "inner/x.exp", "--allow-outside"]);
    assert_eq!(allowed.status, 0, "{allowed:?}");
}

#[test]
fn explain_knows_every_code_it_lists() {
    let bench = Bench::new();
    let list = bench.run(&["explain"]);
    assert_eq!(list.status, 0);
    let codes: Vec<&str> = list.out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(codes.len() > 50 && codes.contains(&"E0101") && codes.contains(&"E0701"), "{}", list.out);
    for code in ["E0101", "e0550", "701"] {
        let page = bench.run(&["explain", code]);
        assert!(page.status == 0 && page.out.lines().count() > 3, "{page:?}");
    }
    let unknown = bench.run(&["explain", "E0199"]);
    assert!(unknown.status == 2 && unknown.err.contains("E0101"), "{unknown:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let bench = Bench::new();
    let mut command = bench.command(&["explain"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Closed before anything was read.
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn init_writes_a_starter_that_plans_and_never_overwrites() {
    let bench = Bench::new();
    let said = bench.run(&["init", "first.exp"]);
    assert!(said.status == 0 && said.out.contains("regimen plan first.exp"), "{said:?}");
    let text = bench.read("first.exp");
    assert!(text.contains("experiment first {"), "{text}");
    let again = bench.run(&["init", "first.exp"]);
    assert!(again.status == 1 && again.err.contains("E0814"), "{again:?}");
    assert_eq!(bench.read("first.exp"), text);
    let empty = bench.run(&["check", "first.exp"]);
    assert!(empty.status == 0 && empty.err.contains("no file matches `data/*.txt`"), "{empty:?}");
    let empty = bench.run(&["plan", "first.exp"]);
    assert!(empty.status == 1 && empty.err.contains("no file matches `data/*.txt`"), "{empty:?}");
    for n in 0..10 {
        bench.write(&format!("data/{n}.txt"), format!("The tale of number {n}.\n").repeat(400));
    }
    let plan = bench.run(&["plan", "first.exp"]);
    assert_eq!(plan.status, 0, "{plan:?}");
    assert_eq!(bench.run(&["fmt", "--check", "first.exp"]).status, 0);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    bench.write("locked/a.exp", "experiment   a{}");
    let folder = bench.path("locked");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write anywhere.
    let refused = std::fs::write(folder.join("probe"), "").is_err();
    let init = bench.run(&["init", "locked/b.exp"]);
    let fmt = bench.run(&["fmt", "locked/a.exp"]);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    if refused {
        assert!(init.status == 1 && init.err.contains("E0811"), "{init:?}");
        assert!(fmt.status == 1 && fmt.err.contains("E0811"), "{fmt:?}");
        assert_eq!(bench.read("locked/a.exp"), "experiment   a{}");
    } else {
        assert_eq!((init.status, fmt.status), (0, 0));
    }
}

#[test]
fn formatting_changes_what_is_not_in_style_and_only_that() {
    let bench = Bench::new();
    bench.write("a.exp", "experiment   a{seed=1}");
    bench.write("b.exp", "let = = {");
    let check = bench.run(&["fmt", "--check", "a.exp"]);
    assert_eq!(
        (check.status, check.out.as_str(), check.err.as_str()),
        (1, "a.exp\n", "1 file would be formatted\n")
    );
    assert_eq!(bench.read("a.exp"), "experiment   a{seed=1}");
    let said = bench.run(&["fmt", "a.exp", "b.exp", "missing.exp"]);
    assert!(
        said.status == 1 && said.err.contains("b.exp:1:") && said.err.contains("missing.exp"),
        "{said:?}"
    );
    assert_eq!(bench.read("a.exp"), "experiment a { seed = 1 }\n");
    assert_eq!(bench.read("b.exp"), "let = = {");
    assert_eq!(bench.run(&["fmt", "--check", "a.exp"]).status, 0);
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let bench = Bench::new();
    bench.write("in", "experiment   a{seed=1}");
    let input = std::fs::File::open(bench.path("in")).unwrap();
    let said = Said::of(bench.command(&["fmt", "-"]).stdin(input).output().unwrap());
    assert_eq!((said.status, said.out.as_str(), said.err.as_str()), (0, "experiment a { seed = 1 }\n", ""));
}

#[test]
fn examples_are_in_style() {
    let bench = Bench::new();
    for example in examples() {
        let said = bench.run(&["fmt", "--check", example.to_str().unwrap()]);
        assert_eq!(said.status, 0, "{said:?}");
    }
}

#[test]
fn what_is_no_plan_is_not_run() {
    let bench = Bench::good();
    bench.write("broken.json", "{}");
    let said = bench.run(&["run", "broken.json"]);
    // Without the engine that is what is said first.
    assert!(said.status == 1 && (said.err.contains("E0812") || said.err.contains("E0813")), "{said:?}");
    if cfg!(feature = "libtorch") {
        assert!(said.err.contains("E0812"), "{said:?}");
        bench.run(&["plan", "good.exp", "--out", "plan.json"]);
        let changed = bench.run(&["run", "plan.json", "--set", "tiny.heads=4"]);
        assert!(changed.status == 1 && changed.err.contains("--set"), "{changed:?}");
        bench.write("forged.json", bench.read("plan.json").replacen("\"pretrain\"", "\"forged\"", 1));
        let forged = bench.run(&["run", "forged.json"]);
        assert!(forged.status == 1 && forged.err.contains("changed after it was made"), "{forged:?}");
    }
}

#[test]
fn a_plan_is_no_experiment_and_the_message_says_what_it_is_for() {
    let bench = Bench::good();
    assert_eq!(bench.run(&["plan", "good.exp", "--out", "plan.json"]).status, 0);
    for command in ["check", "plan", "show"] {
        let said = bench.run(&[command, "plan.json"]);
        assert!(said.status == 1 && said.err.contains("regimen run plan.json"), "{said:?}");
    }
}

#[test]
fn check_looks_at_every_variant_and_its_plan() {
    let bench = Bench::good();
    let huge =
        "\nvariant huge { tiny.layers = 10_000, tiny.hidden = 100_000 }\nvariant odd { tiny.heads = 3 }\n";
    bench.write("variants.exp", format!("{GOOD}{}", huge.lines().take(2).collect::<Vec<_>>().join("\n")));
    let said = bench.run(&["check", "variants.exp"]);
    assert!(
        said.status == 3 && said.err.contains("E0702") && said.err.contains("in variant `huge`"),
        "{said:?}"
    );
    assert_eq!(bench.run(&["plan", "variants.exp"]).status, 0, "nobody chose it");
    bench.write("variants.exp", format!("{GOOD}{huge}"));
    let said = bench.run(&["check", "variants.exp"]);
    assert!(said.status == 1 && said.err.contains("in variant `odd`"), "{said:?}");
}
