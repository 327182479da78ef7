//! Trees evaluated through the public interface, compared with what Flink answers.

mod arithmetic;
mod casting;
mod comparison;
mod cuts;
mod functions;
mod laziness;
mod nested;
mod tree;
