//! What bounds the work on a text, whatever its bytes are.

/// Largest file, in bytes. The longest experiments that people write are a thousand times smaller.
pub const FILE_BYTES: usize = 4 << 20;

/// How many brackets may be open at once. pest recurses once per bracket.
pub const NESTING: usize = 64;

/// How deep an expression's tree may be; passes over it recurse once per level, as does dropping it.
pub const EXPRESSION_DEPTH: usize = 256;

/// How many messages one file yields; after that many the reader looks at the first ones anyway.
pub const DIAGNOSTICS: usize = 100;

/// How many steps pest may take, a bound on time should the grammar not be linear for some text. Ordinary
/// files take fewer than 12 a byte, long lists of single digits fewer than 48: the largest file of either passes.
pub const PEST_CALLS: usize = 400_000_000;
