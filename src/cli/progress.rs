//! How far long work is: a bar on standard error, where that is a terminal.
//!
//! It has no colours, and is gone when the work is done.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing where nobody would see one.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Shows a bar with a word for the work; of `None` it counts only.
    ///
    /// A program that reads `--json` is shown none.
    pub(super) fn start(what: &'static str, total: Option<usize>, json: bool) -> Self {
        if json || !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let total = total.and_then(|total| u64::try_from(total).ok());
        let form = match total {
            Some(_) => "{msg} [{bar:30}] {pos}/{len}",
            None => "{msg} {pos}",
        };
        let style = ProgressStyle::with_template(form);
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr())
            .with_style(
                style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "),
            )
            .with_message(what);
        bar.tick();
        Self(bar)
    }

    /// One more is done.
    pub(super) fn step(&self) {
        self.steps(1);
    }

    /// Some more are done.
    pub(super) fn steps(&self, more: usize) {
        self.0.inc(more as u64);
    }

    /// Does something that prints, with the bar out of its way.
    pub(super) fn beside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
