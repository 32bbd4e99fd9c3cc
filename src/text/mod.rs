//! What prose is made of: safe HTML, plain text, sentences, words, language. Pure.

pub mod html;
