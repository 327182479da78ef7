//! Tests of the machine against naive matchers, and of the operator.

mod machine;
mod operator;
