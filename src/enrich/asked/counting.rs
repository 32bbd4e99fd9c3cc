//! How long a text is, in words as people count them.

use crate::text::Segmenter;

/// Returns the number of words; in scripts without spaces a dictionary tells.
pub(super) fn count(text: &str) -> usize {
    Segmenter.words(text).len()
}
