//! Panics: expected ones are an outcome, and others one line of the log.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

thread_local! {
    /// How many callers on this thread make something of a panic.
    static EXPECTING: Cell<u32> = const { Cell::new(0) };
}

/// Runs work that may panic for reasons outside of it; `None` is a panic, of which nothing is
/// printed.
pub fn expecting<T>(work: impl FnOnce() -> T) -> Option<T> {
    EXPECTING.set(EXPECTING.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    EXPECTING.set(EXPECTING.get().saturating_sub(1));
    done.ok()
}

/// Has panics that nobody expects told as one ERROR each, from now on.
pub fn tell_panics() {
    set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or("no reason given").replace('\n', " ");
    if EXPECTING.get() > 0 {
        tracing::debug!(place, why, "a panic that is dealt with");
    } else {
        tracing::error!(place, why, "a part of the program panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_outcome_where_it_is_expected() {
        assert_eq!(expecting(|| 1), Some(1));
        let inner = || expecting(|| panic!("inner")).is_none();
        assert_eq!(expecting(inner), Some(true));
        assert_eq!(EXPECTING.get(), 0);
    }
}
