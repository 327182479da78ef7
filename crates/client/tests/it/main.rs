//! Whole jobs on the embedded cluster, on real threads and in simulation.

mod calc_job;
mod graphs;
