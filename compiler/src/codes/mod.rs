//! What the compiler reports: one file per code, with its page and its constructors.
//!
//! The examples on the pages of the front end are tests: the wrong one gives the code, the right one does not.

pub mod e0201;
pub mod e0202;
pub mod e0203;
pub mod e0204;
pub mod e0205;
pub mod e0206;
pub mod e0207;
pub mod e0208;
pub mod e0209;
pub mod e0210;
pub mod e0211;
pub mod e0212;
pub mod e0213;
pub mod e0214;
pub mod e0215;
pub mod e0216;
pub mod e0217;
pub mod e0218;
pub mod e0219;
pub mod e0220;
pub mod e0221;
pub mod e0222;
pub mod e0223;
pub mod e0301;
pub mod e0302;
pub mod e0303;
pub mod e0304;
pub mod e0305;
pub mod e0306;
pub mod e0307;
pub mod e0308;
pub mod e0309;
pub mod e0310;
pub mod e0311;
pub mod e0312;
pub mod e0313;
pub mod e0314;
pub mod e0315;
pub mod e0401;
pub mod e0402;
pub mod e0404;
pub mod e0405;
pub mod e0406;
pub mod e0407;
pub mod e0408;
pub mod e0409;
pub mod e0410;
pub mod e0411;
pub mod e0412;
pub mod e0413;
pub mod e0414;
pub mod e0415;
pub mod e0416;
pub mod e0417;
pub mod e0418;
pub mod e0419;
pub mod e0420;
pub mod e0421;
pub mod e0422;
pub mod e0423;
pub mod e0424;
pub mod e0425;
pub mod e0431;
pub mod e0432;
pub mod e0433;
pub mod e0434;
pub mod e0435;
pub mod e0440;
pub mod e0441;
pub mod e0442;
pub mod e0443;
pub mod e0444;
pub mod e0445;
pub mod e0446;
pub mod e0450;
pub mod e0451;
pub mod e0452;
pub mod e0453;
pub mod e0454;
pub mod e0455;
pub mod e0456;
pub mod e0457;
pub mod e0458;
pub mod e0459;
pub mod e0460;
pub mod e0461;
pub mod e0462;
pub mod e0463;
pub mod e0464;
pub mod e0465;
pub mod e0501;
pub mod e0502;
pub mod e0503;
pub mod e0504;
pub mod e0505;
pub mod e0506;
pub mod e0507;
pub mod e0508;
pub mod e0509;
pub mod e0601;
pub mod e0602;
pub mod e0603;
pub mod e0604;
pub mod e0605;
pub mod e0701;
pub mod e0702;
pub mod e0710;
pub mod e0750;
pub mod e0801;

use regimen_base::{CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// Every page, by code.
pub static ALL: &[&CodePage] = &[
    &e0201::PAGE,
    &e0202::PAGE,
    &e0203::PAGE,
    &e0204::PAGE,
    &e0205::PAGE,
    &e0206::PAGE,
    &e0207::PAGE,
    &e0208::PAGE,
    &e0209::PAGE,
    &e0210::PAGE,
    &e0211::PAGE,
    &e0212::PAGE,
    &e0213::PAGE,
    &e0214::PAGE,
    &e0215::PAGE,
    &e0216::PAGE,
    &e0217::PAGE,
    &e0218::PAGE,
    &e0219::PAGE,
    &e0220::PAGE,
    &e0221::PAGE,
    &e0222::PAGE,
    &e0223::PAGE,
    &e0301::PAGE,
    &e0302::PAGE,
    &e0303::PAGE,
    &e0304::PAGE,
    &e0305::PAGE,
    &e0306::PAGE,
    &e0307::PAGE,
    &e0308::PAGE,
    &e0309::PAGE,
    &e0310::PAGE,
    &e0311::PAGE,
    &e0312::PAGE,
    &e0313::PAGE,
    &e0314::PAGE,
    &e0315::PAGE,
    &e0401::PAGE,
    &e0402::PAGE,
    &e0404::PAGE,
    &e0405::PAGE,
    &e0406::PAGE,
    &e0407::PAGE,
    &e0408::PAGE,
    &e0409::PAGE,
    &e0410::PAGE,
    &e0411::PAGE,
    &e0412::PAGE,
    &e0413::PAGE,
    &e0414::PAGE,
    &e0415::PAGE,
    &e0416::PAGE,
    &e0417::PAGE,
    &e0418::PAGE,
    &e0419::PAGE,
    &e0420::PAGE,
    &e0421::PAGE,
    &e0422::PAGE,
    &e0423::PAGE,
    &e0424::PAGE,
    &e0425::PAGE,
    &e0431::PAGE,
    &e0432::PAGE,
    &e0433::PAGE,
    &e0434::PAGE,
    &e0435::PAGE,
    &e0440::PAGE,
    &e0441::PAGE,
    &e0442::PAGE,
    &e0443::PAGE,
    &e0444::PAGE,
    &e0445::PAGE,
    &e0446::PAGE,
    &e0450::PAGE,
    &e0451::PAGE,
    &e0452::PAGE,
    &e0453::PAGE,
    &e0454::PAGE,
    &e0455::PAGE,
    &e0456::PAGE,
    &e0457::PAGE,
    &e0458::PAGE,
    &e0459::PAGE,
    &e0460::PAGE,
    &e0461::PAGE,
    &e0462::PAGE,
    &e0463::PAGE,
    &e0464::PAGE,
    &e0465::PAGE,
    &e0501::PAGE,
    &e0502::PAGE,
    &e0503::PAGE,
    &e0504::PAGE,
    &e0505::PAGE,
    &e0506::PAGE,
    &e0507::PAGE,
    &e0508::PAGE,
    &e0509::PAGE,
    &e0601::PAGE,
    &e0602::PAGE,
    &e0603::PAGE,
    &e0604::PAGE,
    &e0605::PAGE,
    &e0701::PAGE,
    &e0702::PAGE,
    &e0710::PAGE,
    &e0750::PAGE,
    &e0801::PAGE,
];

/// `1 step`, `2 steps`.
fn in_steps(n: u64) -> String {
    if n == 1 { "1 step".into() } else { format!("{n} steps") }
}

/// Adds what was probably meant: the nearest name as a fix, or those that begin so, or all names if there are few.
pub fn suggest(diagnostic: Diagnostic, word: &Ident, names: &[&str]) -> Diagnostic {
    let longer: Vec<&str> =
        names.iter().copied().filter(|n| word.node.len() >= 3 && n.starts_with(&word.node)).collect();
    let name = nearest(&word.node, names);
    if longer.len() > 1 && name.is_some_and(|name| longer.contains(&name)) {
        return diagnostic.help(format!("there are {}", crate::schema::listed(longer)));
    }
    if let Some(name) = name {
        return diagnostic.help(format!("did you mean `{name}`?")).fix(
            format!("write `{name}`"),
            word.span,
            name.to_string(),
        );
    }
    match names.len() {
        0 => diagnostic.help("declare it first"),
        1 => diagnostic.help(format!("there is only {}", crate::schema::listed(names.iter().copied()))),
        2..=24 => diagnostic.help(format!("there are {}", crate::schema::listed(names.iter().copied()))),
        _ => diagnostic.help("see `docs/language.md` for what there is"),
    }
}

/// The name that differs least, if it differs so little that it was probably meant.
pub fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    // Names are bounded by the size of files; a comparison must not be quadratic in megabytes.
    let short: String = word.chars().take(64).collect();
    let distance = |name: &str| {
        let (a, b) = (short.to_lowercase(), name.to_lowercase());
        if a == b { 0 } else { strsim::damerau_levenshtein(&a, &b) }
    };
    let allowed = (short.chars().count() / 3).max(1);
    let close =
        names.iter().filter(|n| n.len() <= 80).map(|n| (distance(n), *n)).filter(|(d, _)| *d <= allowed);
    let best = close.min_by_key(|(d, n)| (*d, *n)).map(|(_, n)| n);
    best.or_else(|| {
        let begins = |n: &&&str| {
            short.len() >= 3 && (n.starts_with(&short) || (n.len() >= 3 && short.starts_with(**n)))
        };
        names.iter().find(begins).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_in_order_and_complete() {
        assert!(ALL.windows(2).all(|w| w[0].code < w[1].code));
        for page in ALL {
            let examples = page.page.contains("```exp wrong\n") && page.page.contains("```exp right\n");
            // What is only found in planning needs files that examples have not.
            let planned = page.code.0 >= "E0600" || page.code == e0453::CODE;
            assert!(examples || planned, "{}", page.code);
            assert!(!page.title.ends_with('.'), "{}", page.code);
        }
    }

    #[test]
    fn a_beginning_of_several_names_lists_them() {
        let help = |word: &str| {
            let word =
                Ident { node: word.to_owned(), span: regimen_base::Span::new(regimen_base::FileId(0), 0, 0) };
            let names = ["h100_nvl", "h100_sxm", "a100_sxm"];
            suggest(Diagnostic::error(e0202::CODE, "title"), &word, &names).help.unwrap()
        };
        assert_eq!(help("h100"), "there are `h100_nvl` and `h100_sxm`");
        assert_eq!(help("h100_sxn"), "did you mean `h100_sxm`?");
    }

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["warmup", "floor", "cooldown"];
        assert_eq!(nearest("warmup_step", &names), Some("warmup"));
        assert_eq!(nearest("wramup", &names), Some("warmup"));
        assert_eq!(nearest("Floor", &names), Some("floor"));
        assert_eq!(nearest("dropout", &names), None);
    }
}
