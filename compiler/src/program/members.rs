//! What members of a sweep are called: in messages, and as the folders that their runs lie in.

use super::overrides::Member;
use regimen_base::plan::hash_of;

/// What a member is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// For people: `pretrain.optimizer.lr=3e-4`.
    pub label: String,
    /// In characters that every file system takes, unlike that of every other member: `pretrain.optimizer.lr-3e-4`.
    pub folder: String,
}

/// Longest name of a folder that is shown whole, in bytes. File systems take 255, of which the experiment's name and the
/// numbers of earlier runs need some.
const LONGEST: usize = 160;

/// The names of all members. Where different values become the same characters, or too many, a part of the hash of what
/// was written tells them apart: a name must not depend on how many other members there are, or runs would be mixed up.
pub fn names(members: &[Member]) -> Vec<Name> {
    let plain: Vec<String> = members.iter().map(|m| as_folder(&m.label)).collect();
    // Some file systems do not tell `A` from `a`.
    let lower: Vec<String> = plain.iter().map(|p| p.to_lowercase()).collect();
    let twice = |name: &String| lower.iter().filter(|other| *other == name).count() > 1;
    let name = |((member, plain), lower): ((&Member, &String), &String)| {
        let folder =
            if plain.len() > LONGEST || twice(lower) { hashed(plain, member) } else { plain.clone() };
        Name { label: member.label.clone(), folder }
    };
    members.iter().zip(&plain).zip(&lower).map(name).collect()
}

fn as_folder(label: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "._".contains(c) { c } else { '-' };
    label.chars().map(plain).collect()
}

fn hashed(plain: &str, member: &Member) -> String {
    let hash = hash_of(&member.written).unwrap_or_default();
    let digits = hash.get(..8).unwrap_or_default();
    format!("{}-{digits}", plain.get(..plain.floor_char_boundary(LONGEST - 9)).unwrap_or(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(written: &[&str]) -> Vec<String> {
        let member = |w: &&str| Member {
            label: w.split_whitespace().collect::<Vec<_>>().join(" "),
            written: (*w).to_string(),
            changes: vec![],
        };
        let members: Vec<Member> = written.iter().map(member).collect();
        names(&members).into_iter().map(|n| n.folder).collect()
    }

    #[test]
    fn different_values_never_share_a_folder() {
        let unlike = |written: &[&str]| {
            let mut all: Vec<String> = folders(written).iter().map(|f| f.to_lowercase()).collect();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), written.len(), "{all:?}");
        };
        unlike(&["p=\"a?\"", "p=\"a!\"", "p=\"b\""]);
        unlike(&["p=\"a b\"", "p=\"a  b\"", "p=\"A b\""]);
        let long = "ß".repeat(400);
        unlike(&[&format!("p={long}1"), &format!("p={long}2")]);
        assert_eq!(folders(&["a.lr=3e-4", "a.lr=6e-4"]), ["a.lr-3e-4", "a.lr-6e-4"]);
    }

    #[test]
    fn long_names_are_cut_the_same_way_each_time() {
        let long = format!("p={}", "ß".repeat(400));
        let cut = folders(&[&long]);
        assert!(cut[0].len() <= LONGEST && cut == folders(&[&long, "p=1"])[..1], "{cut:?}");
    }
}
