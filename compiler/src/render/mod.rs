//! Plans for people and for other programs: text, and graphs in DOT.

pub mod dot;
pub mod text;
