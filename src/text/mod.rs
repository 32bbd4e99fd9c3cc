//! What prose is made of: safe HTML, plain text, sentences, words, language. Pure.

pub mod html;

mod base64;
mod language;
mod rarity;
mod segmenter;
mod sentences;
mod slug;
mod stop_words;
mod words;

pub use base64::base64;
pub use language::{detect, direction, primary, settle_language};
pub use rarity::{Rarity, Stem, hashed, rarity};
pub use segmenter::Segmenter;
pub use sentences::sentences;
pub use slug::slug;
pub use stop_words::{StopWords, is_stop_word};
pub use words::{Stemmer, Word, first_words, fold, is_ideograph, words};
