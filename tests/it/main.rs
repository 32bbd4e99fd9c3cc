//! The one integration binary: a module an area.
#![expect(
    clippy::format_push_string,
    clippy::get_unwrap,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "the allow-in-tests keys of clippy.toml do not reach helper functions of an integration crate"
)]

mod addresses;
mod announcing;
mod articles;
mod asking;
mod browser;
mod browsing;
mod bustle;
mod calling;
mod commands;
mod connections;
mod corpus;
mod credentials;
mod criteria;
mod daemon;
mod damaging;
mod decoding;
mod desk;
mod differential;
mod editing;
mod entering;
mod feedparser;
mod filtering;
mod forgetting;
mod fuzzing;
mod generating;
mod golden;
mod hazards;
mod hostile;
mod inspecting;
mod journey;
mod keeping;
mod killing;
mod logs;
mod matching;
mod merging;
mod opening;
mod opml;
mod origin;
mod packaging;
mod pages;
mod pausing;
mod promised;
mod proxies;
mod publishing;
mod pushing;
mod readers;
mod redirecting;
mod refusing;
mod reloading;
mod requesting;
mod resting;
mod sanitising;
mod schemathesis;
mod serving;
mod standing;
mod subscribing;
mod systemd;
mod tidy;
mod trying;
mod vectors;
mod watching;
