//! The JSON that the outside sees. Nothing here reads or decides; it only writes down.

pub mod feed;
