//! The table of units: every name that may follow a number.

use super::dimension::Dimension;
use num_bigint::BigInt;
use num_rational::BigRational;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A unit name and what it stands for.
#[derive(Clone, Debug)]
pub struct Unit {
    /// As written.
    pub name: &'static str,
    /// Its size in base units.
    pub factor: BigRational,
    /// What it measures.
    pub dimension: Dimension,
    /// Whether `k`, `M`, `B`, `T` may stand before it.
    pub countable: bool,
}

/// Units of one dimension as the table lists them: name, numerator, denominator.
struct Group {
    title: &'static str,
    dimension: Dimension,
    countable: bool,
    units: &'static [(&'static str, u64, u64)],
}

const K: u64 = 1_000;
const KI: u64 = 1 << 10;

#[rustfmt::skip] // one group, one line or two: this is a table
const GROUPS: &[Group] = &[
    Group {
        title: "memory",
        dimension: Dimension::BYTES,
        countable: false,
        units: &[
            ("bytes", 1, 1), ("byte", 1, 1),
            ("kB", K, 1), ("MB", K * K, 1), ("GB", K * K * K, 1), ("TB", K * K * K * K, 1), ("PB", K * K * K * K * K, 1),
            ("KiB", KI, 1), ("MiB", 1 << 20, 1), ("GiB", 1 << 30, 1), ("TiB", 1 << 40, 1), ("PiB", 1 << 50, 1),
        ],
    },
    Group {
        title: "operations",
        dimension: Dimension::FLOP,
        countable: false,
        units: &[
            ("FLOP", 1, 1), ("kFLOP", K, 1), ("MFLOP", K * K, 1), ("GFLOP", K * K * K, 1),
            ("TFLOP", K * K * K * K, 1), ("PFLOP", K * K * K * K * K, 1), ("EFLOP", K * K * K * K * K * K, 1),
        ],
    },
    Group { title: "parameters", dimension: Dimension::PARAMS, countable: true, units: &[("params", 1, 1), ("param", 1, 1)] },
    Group { title: "tokens", dimension: Dimension::TOKENS, countable: true, units: &[("tokens", 1, 1), ("token", 1, 1)] },
    Group { title: "sequences", dimension: Dimension::SEQUENCES, countable: true, units: &[("sequences", 1, 1), ("sequence", 1, 1)] },
    Group { title: "samples", dimension: Dimension::SAMPLES, countable: true, units: &[("samples", 1, 1), ("sample", 1, 1)] },
    Group { title: "optimizer steps", dimension: Dimension::STEPS, countable: true, units: &[("steps", 1, 1), ("step", 1, 1)] },
    Group { title: "passes over the data", dimension: Dimension::EPOCHS, countable: true, units: &[("epochs", 1, 1), ("epoch", 1, 1)] },
    Group { title: "evaluations", dimension: Dimension::EVALUATIONS, countable: true, units: &[("evaluations", 1, 1), ("evaluation", 1, 1)] },
    Group {
        title: "time",
        dimension: Dimension::SECONDS,
        countable: false,
        units: &[
            ("s", 1, 1), ("ms", 1, K), ("us", 1, K * K), ("min", 60, 1), ("h", 3_600, 1), ("d", 86_400, 1),
            ("days", 86_400, 1), ("day", 86_400, 1), ("weeks", 604_800, 1), ("week", 604_800, 1),
        ],
    },
    Group { title: "money", dimension: Dimension::DOLLARS, countable: true, units: &[("dollars", 1, 1), ("dollar", 1, 1)] },
    Group { title: "devices", dimension: Dimension::GPUS, countable: true, units: &[("gpus", 1, 1), ("gpu", 1, 1)] },
    Group { title: "machines", dimension: Dimension::NODES, countable: true, units: &[("nodes", 1, 1), ("node", 1, 1)] },
    Group {
        title: "energy",
        dimension: Dimension::JOULES,
        countable: false,
        units: &[
            ("J", 1, 1), ("kJ", K, 1), ("MJ", K * K, 1), ("GJ", K * K * K, 1),
            ("Wh", 3_600, 1), ("kWh", 3_600 * K, 1), ("MWh", 3_600 * K * K, 1),
        ],
    },
    Group { title: "power", dimension: Dimension::WATTS, countable: false, units: &[("W", 1, 1), ("kW", K, 1), ("MW", K * K, 1)] },
];

static UNITS: LazyLock<BTreeMap<&'static str, Unit>> = LazyLock::new(|| {
    let unit = |group: &Group, (name, up, down): (&'static str, u64, u64)| Unit {
        name,
        factor: BigRational::new(BigInt::from(up), BigInt::from(down)),
        dimension: group.dimension,
        countable: group.countable,
    };
    GROUPS.iter().flat_map(|g| g.units.iter().map(move |u| (u.0, unit(g, *u)))).collect()
});

/// The unit with this name.
pub fn unit(name: &str) -> Option<&'static Unit> {
    UNITS.get(name)
}

/// All names, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    UNITS.keys().copied()
}

/// Scale letters and what they multiply by.
pub const SCALES: [(char, u64); 4] = [('k', K), ('M', K * K), ('B', K * K * K), ('T', K * K * K * K)];

/// A compound unit: `tokens/param`, `gpu/h`.
#[derive(Clone, Debug)]
pub struct Compound {
    /// Its size in base units.
    pub factor: BigRational,
    /// What it measures.
    pub dimension: Dimension,
    /// Whether its first part is countable.
    pub countable: bool,
}

/// Reads `FLOP/s`: each slash divides. `Err` holds the part that is no unit.
pub fn compound(text: &str) -> Result<Compound, String> {
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or("");
    let first = unit(first).ok_or_else(|| first.to_string())?;
    let mut all =
        Compound { factor: first.factor.clone(), dimension: first.dimension, countable: first.countable };
    for part in parts {
        let unit = unit(part).ok_or_else(|| part.to_string())?;
        all.factor /= unit.factor.clone();
        all.dimension = all.dimension.over(unit.dimension).ok_or_else(|| part.to_string())?;
        if all.factor.denom().bits() > 1024 {
            return Err(part.to_string());
        }
    }
    Ok(all)
}

/// The table as Markdown, for the language reference.
pub fn table() -> String {
    let mut out = String::from("| what | units | scale letters |\n|---|---|---|\n");
    for group in GROUPS {
        let names: Vec<String> = group.units.iter().map(|u| format!("`{}`", u.0)).collect();
        let scales = if group.countable { "`k` `M` `B` `T`" } else { "" };
        out.push_str(&format!("| {} | {} | {scales} |\n", group.title, names.join(" ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compounds_divide() {
        let rate = compound("TFLOP/s").unwrap();
        assert_eq!(rate.dimension, Dimension::FLOP.per(Dimension::SECONDS));
        assert_eq!(compound("GiB/gpu").unwrap().dimension, Dimension::BYTES.per(Dimension::GPUS));
        assert_eq!(compound("tokens/parm").unwrap_err(), "parm");
    }

    #[test]
    fn no_unit_is_listed_twice() {
        let listed: usize = GROUPS.iter().map(|g| g.units.len()).sum();
        assert_eq!(listed, UNITS.len());
    }

    #[test]
    fn long_quotients_end() {
        assert!(compound(&vec!["s"; 100_000].join("/")).is_err());
        assert!(compound(&vec!["d"; 100].join("/")).is_err());
    }
}
