//! briefwire reads feeds and republishes them so that a reader understands a story without
//! leaving the feed.
//!
//! The modules stand in the order data flows. ARCHITECTURE.md tells an item's journey through
//! them; its `layers` table, which a test holds `src/` to, says what each may name.

pub mod model;

pub mod text;

pub mod telemetry;

pub mod config;

pub mod schedule;

pub mod fetch;

pub mod parse;

pub mod reconcile;

pub mod briefs;

pub mod matching;

pub mod enrich;

pub mod publish;

pub mod websub;

pub mod contract;

pub mod store;

pub mod serve;

pub mod daemon;

pub mod cli;
