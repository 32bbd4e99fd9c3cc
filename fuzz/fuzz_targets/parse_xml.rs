#![no_main]
//! See `checks::parse_xml`.

#[expect(unused_imports, dead_code, reason = "each target runs one of the checks")]
#[path = "../checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(
    // feed-rs panics on some documents, and `parse` catches it. libfuzzer-sys's hook would end
    // the process before that; without it a panic that nobody catches still does.
    init: drop(std::panic::take_hook()),
    |input: &[u8]| checks::parse_xml(input)
);
