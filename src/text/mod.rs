//! What prose is made of: safe HTML, plain text, sentences, words, language. Pure.

pub mod html;

mod language;
mod rarity;
mod sentences;
mod stop_words;
mod words;

pub use language::{detect, direction, primary};
pub use rarity::rarity;
pub use sentences::sentences;
pub use stop_words::is_stop_word;
pub use words::{Stemmer, Word, fold, is_ideograph, words};
