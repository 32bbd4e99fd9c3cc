//! What reading the configuration again has changed.

/// The account of a reload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reloaded {
    /// The mistakes of the new file, a line each; with any, the old configuration stays in force.
    pub mistakes: Vec<String>,
    /// What is in force now, a line each: sources, channels, settings.
    pub changes: Vec<String>,
    /// Settings that differ in the file and stay as they were until the next start.
    pub needs_restart: Vec<String>,
}

impl Reloaded {
    /// Returns whether the file that was read is in force now.
    pub fn is_applied(&self) -> bool {
        self.mistakes.is_empty()
    }
}
