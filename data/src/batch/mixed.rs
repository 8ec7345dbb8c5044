//! Samples of several sources, drawn in turn.

use regimen_base::mixing::Draws;

/// Sources of samples, and which of them each sample is of. What a sample is follows from its index alone: its source, and the number of
/// samples that this source gave before ([`regimen_base::mixing`]). So every source gives all samples of one epoch before any of the next.
#[derive(Clone, Debug)]
pub struct Mixed<T> {
    draws: Option<Draws>,
    members: Vec<T>,
}

/// One sample's source.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a, T> {
    /// The source.
    pub member: &'a T,
    /// Its place among the sources.
    pub place: usize,
    /// Index of the sample there.
    pub index: u64,
}

impl<T> Mixed<T> {
    /// Sources with the weights by which they are drawn from.
    pub fn new(members: Vec<(u64, T)>, key: Option<i64>) -> Mixed<T> {
        let (weights, members): (Vec<u64>, Vec<T>) = members.into_iter().unzip();
        let draws = if members.len() > 1 { Draws::new(weights, key) } else { None };
        Mixed { draws, members }
    }

    /// Where a sample is from; nothing if there is no source.
    pub fn of(&self, index: u64) -> Option<Of<'_, T>> {
        let (place, index) = self.draws.as_ref().map_or((0, index), |draws| draws.source(index));
        self.members.get(place).map(|member| Of { member, place, index })
    }

    /// The sources.
    pub fn members(&self) -> &[T] {
        &self.members
    }

    /// Makes something of every source.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Mixed<U> {
        Mixed { draws: self.draws, members: self.members.into_iter().map(make).collect() }
    }
}

impl<T> From<T> for Mixed<T> {
    fn from(only: T) -> Mixed<T> {
        Mixed { draws: None, members: vec![only] }
    }
}
