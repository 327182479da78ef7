//! Ctrl-C and SIGTERM of this process.

use std::sync::OnceLock;

use crate::interrupt::InterruptFlag;

/// Exit code of a process that ends by SIGINT, as shells expect it (128 + 2).
const INTERRUPTED_EXIT_CODE: i32 = 130;

/// The process's flag; the first call installs the handler.
pub(super) fn interrupt_flag() -> InterruptFlag {
    static FLAG: OnceLock<InterruptFlag> = OnceLock::new();
    FLAG.get_or_init(|| {
        let flag = InterruptFlag::default();
        let in_handler = flag.clone();
        let installed = ctrlc::set_handler(move || {
            if in_handler.is_set() {
                std::process::exit(INTERRUPTED_EXIT_CODE);
            }
            in_handler.set();
        });
        if let Err(error) = installed {
            // Without a handler the signal's default applies: the process ends at once, which is what was asked for.
            eprintln!("cannot install the Ctrl-C handler, an interrupt ends the process at once: {error}");
        }
        flag
    })
    .clone()
}
