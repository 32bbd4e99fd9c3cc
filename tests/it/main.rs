//! The one integration binary: a module an area.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "the allow-in-tests keys of clippy.toml do not reach helper functions of an integration crate"
)]

mod tidy;
