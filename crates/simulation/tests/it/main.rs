//! The simulator's own tests. The first thing that must hold: a seed determines everything.

mod io;
mod replay;
mod scheduling;
mod stores;
mod workload;
