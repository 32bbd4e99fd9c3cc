//! What comparing goes by, beside the texts: frozen tables, and the operator's list.

use std::sync::Arc;

use super::weights::Weights;
use crate::model::{CanonicalUrl, UrlRules};
use crate::text::Rarity;

/// What comparing goes by, beside the texts.
#[derive(Debug, Clone)]
pub struct Basis {
    /// How rare words are.
    pub rarity: &'static Rarity,
    /// What a match is weighed by.
    pub weights: &'static Weights,
    /// Under which keys addresses meet.
    pub rules: Arc<UrlRules>,
}

impl Default for Basis {
    fn default() -> Self {
        Self {
            rarity: Rarity::shipped(),
            weights: Weights::shipped(),
            rules: Arc::new(UrlRules::default()),
        }
    }
}

impl Basis {
    /// Returns the shipped one with further parameters that addresses are compared without.
    pub fn ignoring(parameters: &[String]) -> Self {
        let rules = Arc::new(UrlRules::with(parameters.to_vec()));
        Self { rules, ..Self::default() }
    }

    pub(super) fn url(&self, text: &str) -> Option<CanonicalUrl> {
        self.rules.key(text)
    }

    /// Returns a name under which pins and blocks meet items: a canonical URL, else the text
    /// itself.
    pub(super) fn key(&self, name: &str) -> String {
        self.url(name).map_or_else(|| name.trim().to_owned(), |url| url.as_str().to_owned())
    }
}
