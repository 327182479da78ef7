//! What lasts beyond one build, and what only a whole process shows.

mod beyond_memory;
mod first_format;
