//! Whole jobs on the embedded cluster, on real threads and in simulation.

mod calc_job;
mod checkpoints;
mod durable;
mod failures;
mod faults;
mod graphs;
mod ledger;
mod numbered;
mod row_patterns;
mod shapes;
mod simulated;
mod sql_jobs;
mod state_on_disk;
mod window_sum;
