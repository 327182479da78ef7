//! The bounds of this crate: each with its unit and the reason for its size.

/// Levels of nesting of a `config.yaml`: far more than any key has parts, small enough for the call stack.
pub const MAX_YAML_DEPTH: usize = 64;

/// Characters of a name that [`crate::suggestion::nearest`] looks at: the distance costs their square.
pub const MAX_SUGGESTION_CHARS: usize = 128;
