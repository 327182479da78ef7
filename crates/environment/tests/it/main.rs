//! The contract of disks, on the real one and the one in memory, and of workers and the I/O pool on real threads.

mod disk;
mod io;
mod store;
mod workers;
