//! The object stores against real servers, which `scripts/with-object-stores` starts; each test says aloud when its server is not there.

mod servers;
mod sink;
mod wrong;
