//! HTML: made safe, made plain, cut and escaped.
//!
//! Everything here is linear in its input and builds no tree. It does not judge what is worth
//! reading, and it does not keep markup byte for byte: what comes out is written anew.

mod address;
mod chars;
mod cut;
mod entity;
mod links;
mod list;
mod plain;
mod sanitise;
mod token;

pub use address::{absolute, web};
pub use chars::{clean_chars, escape, inert};
pub use cut::{cut, parts};
pub use entity::{decode_entities, named_entity};
pub use links::links;
pub use list::{List, is_element};
pub use plain::{plain, plain_line};
pub use sanitise::{sanitise, sanitise_within};
