//! Deterministic environment: simulated time, seeded scheduling, in-memory disk.
