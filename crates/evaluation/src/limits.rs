//! Named bounds of this crate, each with its unit and reason.

/// Regular expressions that come from a column and stay compiled, per call: more than one or two rarely occur, and each
/// may hold some hundred kilobytes.
pub(crate) const PATTERNS_CACHED_MAX: usize = 64;

/// Steps of a regular expression with look-around or back-references per text: beyond, the text counts as not matching, so that no
/// expression can hold a slot for ever.
pub(crate) const PATTERN_STEPS_MAX: usize = 1_000_000;

/// Arrays and objects within each other in JSON text, as Jackson allows by default: deeper text is refused, since reading recurses.
pub(crate) const JSON_DEPTH_MAX: usize = 500;
