//! What had to be repaired or dropped, gathered while reading.

use crate::model::Warning;

/// A hostile document repeats itself; its list of warnings does not.
const MAX_WARNINGS: usize = 100;

/// The longest detail of one warning.
const MAX_DETAIL_CHARS: usize = 120;

/// The warnings of one document, in the order they were met.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    list: Vec<Warning>,
}

impl Warnings {
    /// Notes that the document had to be repaired to be read.
    pub(super) fn repair(&mut self, code: &'static str, detail: &str) {
        self.push(code, detail, true);
    }

    /// Notes that something in a readable document was dropped or cut.
    pub(super) fn loss(&mut self, code: &'static str, detail: &str) {
        self.push(code, detail, false);
    }

    /// Notes a repair that was made some number of times, if it was made at all.
    pub(super) fn count(&mut self, code: &'static str, times: usize) {
        if times > 0 {
            self.repair(code, &times.to_string());
        }
    }

    /// Returns whether the document had to be repaired so far.
    pub(super) fn any_repair(&self) -> bool {
        self.list.iter().any(|warning| warning.repair)
    }

    /// Returns the list.
    pub(super) fn into_list(self) -> Vec<Warning> {
        self.list
    }

    fn push(&mut self, code: &'static str, detail: &str, repair: bool) {
        if self.list.len() < MAX_WARNINGS {
            let detail = detail.trim().chars().take(MAX_DETAIL_CHARS).collect();
            self.list.push(Warning { code, detail, repair });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_and_its_details_are_bounded() {
        let mut warnings = Warnings::default();
        for _ in 0..1000 {
            warnings.loss("bad-date", &"x".repeat(10_000));
        }
        assert!(!warnings.any_repair());
        let list = warnings.into_list();
        assert_eq!(list.len(), MAX_WARNINGS);
        assert!(list.iter().all(|warning| warning.detail.len() == MAX_DETAIL_CHARS));
    }

    #[test]
    fn nothing_counted_is_nothing_warned() {
        let mut warnings = Warnings::default();
        warnings.count("bare-ampersand", 0);
        assert!(!warnings.any_repair());
        warnings.count("bare-ampersand", 2);
        assert!(warnings.any_repair());
    }
}
