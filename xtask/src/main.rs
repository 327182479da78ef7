//! Developer commands: `cargo xtask tidy`, `conformance`, `bench`.

fn main() {}
