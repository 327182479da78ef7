//! Measures a store: `cargo run --release -p flott-objectstore --example store_throughput -- URI [key=value ...]`.
//!
//! Prints bytes per second of big objects and operations per second of small ones, written and read by the I/O pool, several at a time, and
//! the CPU time of this process.
#![allow(clippy::print_stdout)]

use flott_configuration::{Configuration, Origin};
use flott_environment::{Environment, IoPending, ObjectName, Store};
use flott_objectstore::open;

/// Objects at a time: the pool's threads.
const IN_FLIGHT: usize = flott_environment::limits::IO_THREADS;

/// Runs actions on the pool, so many at a time; gives the seconds that they took.
fn timed(environment: &Environment, count: usize, action: impl Fn(usize) + Send + Clone + 'static) -> f64 {
    let start_ns = environment.clock().monotonic_ns();
    let waiter = environment.waiter();
    let mut under_way: Vec<IoPending<()>> = Vec::new();
    for number in 0..count {
        let action = action.clone();
        under_way.push(environment.io().run("measure", waiter.waker(), move || action(number)).expect("there is room"));
        if under_way.len() == IN_FLIGHT || number + 1 == count {
            let rest = if number + 1 == count { 0 } else { IN_FLIGHT - 1 };
            let few = |under_way: &[IoPending<()>]| under_way.iter().filter(|one| !one.is_done()).count() <= rest;
            waiter.wait_until(&mut || few(&under_way), None).expect("no simulation");
            under_way.retain(|one| one.take().inspect(|result| assert!(result.is_ok(), "{result:?}")).is_none());
        }
    }
    (environment.clock().monotonic_ns() - start_ns) as f64 / 1e9
}

fn measure(environment: &Environment, store: &Store, what: &str, count: usize, len_bytes: usize) {
    let bytes: Vec<u8> = (0..len_bytes).map(|index| (index * 31 + index / 251) as u8).collect();
    let name = {
        let what = what.to_string();
        move |number: usize| ObjectName::new(format!("{what}/{number}")).expect("valid")
    };
    let (put_store, get_store, put_name, get_name) = (store.clone(), store.clone(), name.clone(), name.clone());
    let cpu_ms = environment.usage().cpu_time_ms;
    let put_s = timed(environment, count, move |number| put_store.put_new(&put_name(number), &bytes).expect("written"));
    let put_cpu_ms = environment.usage().cpu_time_ms - cpu_ms;
    let get_s = timed(environment, count, move |number| {
        assert_eq!(get_store.get(&get_name(number)).expect("read").len(), len_bytes);
    });
    let get_cpu_ms = environment.usage().cpu_time_ms - cpu_ms - put_cpu_ms;
    let megabytes = (count * len_bytes) as f64 / 1e6;
    println!(
        "{what}: put {:.0}/s {:.1} MB/s ({put_cpu_ms} ms CPU), get {:.0}/s {:.1} MB/s ({get_cpu_ms} ms CPU)",
        count as f64 / put_s,
        megabytes / put_s,
        count as f64 / get_s,
        megabytes / get_s
    );
    (0..count).for_each(|number| store.delete(&name(number)).expect("removed"));
}

fn main() {
    let environment = Environment::real();
    let mut arguments = std::env::args().skip(1);
    let uri = arguments.next().expect("a URI is wanted");
    let mut configuration = Configuration::new();
    for argument in arguments {
        let (key, value) = argument.split_once('=').expect("key=value is wanted");
        configuration.set(key, value, Origin::Program);
    }
    let store = open(&uri, &configuration, &environment).expect("a store");
    measure(&environment, &store, "big", 64, 16 * 1024 * 1024);
    measure(&environment, &store, "small", 2_000, 1_024);
}
