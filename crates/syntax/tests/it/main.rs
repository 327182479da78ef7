//! Integration tests of the parser and the printer.

mod corpus;
