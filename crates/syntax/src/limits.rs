//! Bounds on what the parser accepts, so that no input, however hostile, exhausts the stack.

/// Deepest nesting of parentheses, subqueries, calls and types: each level costs parser stack frames, and
/// the parser must fit a thread of 2 MiB even without optimisation. Hand-written SQL stays below 30.
pub const MAX_NESTING_LEVELS: usize = 100;

/// Greatest height of the syntax tree. It is more than the nesting because chains such as `a OR b OR c`
/// and `a JOIN b JOIN c` grow the tree leftwards without nesting the text; everything that walks the tree
/// recurses this deep.
pub const MAX_TREE_LEVELS: usize = 512;

/// Characters of a line that an error report shows: generated scripts have lines of megabytes, and a terminal no more
/// than this.
pub const EXCERPT_CHARS_MAX: usize = 240;
