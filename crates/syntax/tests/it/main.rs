//! Integration tests of the parser and the printer.

mod corpus;
mod errors;
mod precedence;
mod random;
mod round_trip;
mod statements;
