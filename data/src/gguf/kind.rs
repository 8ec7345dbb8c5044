//! Types of tensors: how many bytes hold how many values.

/// The type of a tensor's elements. The numbers of the K types are bits; a block of them has its scales in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

/// Every type, with its number in files and its name.
const ALL: [(Kind, u32, &str); 11] = [
    (Kind::F32, 0, "F32"),
    (Kind::F16, 1, "F16"),
    (Kind::Q4_0, 2, "Q4_0"),
    (Kind::Q4_1, 3, "Q4_1"),
    (Kind::Q5_0, 6, "Q5_0"),
    (Kind::Q5_1, 7, "Q5_1"),
    (Kind::Q8_0, 8, "Q8_0"),
    (Kind::Q4K, 12, "Q4_K"),
    (Kind::Q5K, 13, "Q5_K"),
    (Kind::Q6K, 14, "Q6_K"),
    (Kind::Bf16, 30, "BF16"),
];

/// Names of types that exist and are not read here, for messages.
const OTHERS: [(u32, &str); 18] = [
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
];

impl Kind {
    /// The type with this number.
    ///
    /// # Errors
    /// If it is not read here; says which one it is and which there are.
    pub(super) fn of(number: u32) -> Result<Kind, String> {
        if let Some((kind, ..)) = ALL.iter().find(|(_, own, _)| *own == number) {
            return Ok(*kind);
        }
        let name = OTHERS.iter().find(|(own, _)| *own == number);
        let name =
            name.map_or_else(|| format!("the unknown type {number}"), |(_, name)| format!("type {name}"));
        let read: Vec<&str> = ALL.iter().map(|(.., name)| *name).collect();
        Err(format!("{name}; those that are read are {}", read.join(", ")))
    }

    /// Values of a block.
    pub(super) fn values(self) -> u64 {
        match self {
            Kind::F32 | Kind::F16 | Kind::Bf16 => 1,
            Kind::Q4_0 | Kind::Q4_1 | Kind::Q5_0 | Kind::Q5_1 | Kind::Q8_0 => 32,
            Kind::Q4K | Kind::Q5K | Kind::Q6K => 256,
        }
    }

    /// Bytes of a block.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Kind::F32 => 4,
            Kind::F16 | Kind::Bf16 => 2,
            Kind::Q4_0 => 18,
            Kind::Q4_1 => 20,
            Kind::Q5_0 => 22,
            Kind::Q5_1 => 24,
            Kind::Q8_0 => 34,
            Kind::Q4K => 144,
            Kind::Q5K => 176,
            Kind::Q6K => 210,
        }
    }

    /// The name in messages.
    pub(super) fn name(self) -> &'static str {
        ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_types_are_named() {
        assert!(Kind::of(10).unwrap_err().starts_with("type Q2_K; those that are read are F32, F16, Q4_0"));
        assert!(Kind::of(4).unwrap_err().starts_with("the unknown type 4"));
    }

    #[test]
    fn numbers_and_names_belong_together() {
        for (kind, number, name) in ALL {
            assert_eq!((Kind::of(number), kind.name()), (Ok(kind), name));
        }
    }
}
