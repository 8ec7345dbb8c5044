//! What the property tests share: the shape of a tree without places, generated trees, and a printer that
//! knows nothing of the formatter.

#![allow(dead_code)] // each test binary uses a part

pub mod generate;
pub mod print;
pub mod shape;
