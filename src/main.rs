//! The thin binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    briefwire::telemetry::tell_panics();
    briefwire::cli::main()
}
