//! Text in, syntax tree out: the only crate that knows pest.
//!
//! Reading a file takes three steps, each a module: [`lexical`] looks at single tokens and brackets and
//! reports what is wrong whatever stands around it; [`parse`](mod@parse) builds the [`ast`] and reports what is
//! missing or left over, with the words of [`diagnose`]; [`format()`] prints a tree without mistakes.
//! Every message has one file in [`codes`].

pub mod ast;
pub mod codes;
mod diagnose;
mod format;
mod lexical;
mod limits;
mod parse;
mod scan;
#[cfg(test)]
mod testing;
mod words;

pub use format::format;
pub use parse::{parse, parse_expression};
