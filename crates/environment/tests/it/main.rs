//! The contract of disks, on the real one and the one in memory, and of workers on real threads.

mod disk;
mod workers;
