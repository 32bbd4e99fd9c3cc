//! What is wrong, one entry each: for the page of an operator, and for the feed of the same.

use std::sync::{Arc, PoisonError};

use super::{Failure, Served, View};
use crate::model::{Outcome, Source, SourceState, Timestamp, Trouble};
use crate::store::StoreError;

/// A source that failed so many times in a row is in trouble; before that it has stumbled.
const FAILURES: u32 = 3;

impl View {
    /// Returns the sources that are in trouble.
    fn source_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        let mut troubles = Vec::new();
        let (mut asked, mut failed) = (0, Vec::new());
        for source in &self.plan.sources {
            let Some(state) = self.store.state(&source.id)? else { continue };
            troubles.extend(trouble_of(source, &state));
            if self.store.paused(&source.id).is_none() {
                asked += usize::from(state.outcome.is_some());
                failed.extend(state.outcome.filter(|o| matches!(o, Outcome::Failed { .. })));
            }
        }
        if let (true, Some(why)) = (asked >= 2 && failed.len() == asked, failed.last()) {
            troubles.insert(0, all_fail(asked, &why.to_string()));
        }
        Ok(troubles)
    }
}

/// Says that the fault is probably here. One failure of each is enough: together they stumble
/// when a network is down, and are not asked again for hours.
fn all_fail(count: usize, why: &str) -> Trouble {
    let text = format!(
        "All {count} sources that were asked failed the last time, one of them because: {why}. Look at \
         the network of this machine; `briefwire poll` asks all of them again."
    );
    Trouble { id: "no-source".to_owned(), title: "No source answers".to_owned(), text, since: None }
}

/// Returns what is wrong with a source.
fn trouble_of(source: &Source, state: &SourceState) -> Option<Trouble> {
    let id = &source.id;
    let trouble = |what: &str, title: String, text: String, since: Option<Timestamp>| {
        let since_when = since.map_or(0, |at| at.timestamp());
        Some(Trouble { id: format!("source:{id}:{what}:{since_when}"), title, text, since })
    };
    if matches!(state.outcome, Some(Outcome::Gone)) {
        let text = "Its publisher answers 410 Gone, and it is not asked any more. Take it out of the \
                    configuration, or give it another `url`.";
        return trouble("gone", format!("{id} is gone"), text.to_owned(), state.polled);
    }
    if state.failures >= FAILURES {
        let why = state.outcome.as_ref().map(ToString::to_string).unwrap_or_default();
        let success =
            state.succeeded.map_or("It has never answered as it should.".to_owned(), |at| {
                format!("It last answered as it should {}.", at.format("%Y-%m-%d %H:%M UTC"))
            });
        let title = format!("{id} fails: {why}");
        return trouble("fails", title, format!("{success} {why}"), state.succeeded);
    }
    let moved = state.moved.as_ref().filter(|moved| moved.adopted && !source.is_secret())?;
    let to = moved.url.split('?').next().unwrap_or_default();
    let text = format!("It is asked there now. Write `url = \"{to}\"` into the configuration.");
    trouble("moved", format!("{id} has moved to {to}"), text, Some(moved.since))
}

impl Served {
    /// Returns everything that is wrong, what concerns all of it first.
    pub(super) async fn troubles(self: &Arc<Self>) -> Vec<Trouble> {
        let mut troubles = self.own_troubles();
        let now = (self.clock)();
        let stored = self.read(move |view| Ok((view.store.rebuilt(now)?, view.source_troubles()?)));
        match stored.await {
            Ok((rebuilt, sources)) => {
                troubles.extend(rebuilt.map(|text| Trouble {
                    id: format!("rebuilt:{}", text.split(':').next().unwrap_or_default()),
                    title: "The database was damaged and has been rebuilt".to_owned(),
                    text,
                    since: None,
                }));
                troubles.extend(sources);
            }
            // It is being opened, or the condition says why it is not.
            Err(Failure::Closed(_)) => {}
            Err(failure) => troubles.push(Trouble {
                id: "store".to_owned(),
                title: "How the sources do is not known".to_owned(),
                text: failure.told().1,
                since: None,
            }),
        }
        self.date(&mut troubles, now);
        troubles
    }

    /// Gives those of which nobody knows since when they last the time when they were first told of.
    fn date(&self, troubles: &mut [Trouble], now: Timestamp) {
        let mut told = self.troubles_told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|id, _| troubles.iter().any(|trouble| trouble.id == *id));
        for trouble in troubles.iter_mut().filter(|trouble| trouble.since.is_none()) {
            trouble.since = Some(*told.entry(trouble.id.clone()).or_insert(now));
        }
    }

    /// Returns what is wrong with the daemon itself.
    fn own_troubles(&self) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        let mut add = |id: &str, title: &str, text: String| {
            let (id, title) = (id.to_owned(), title.to_owned());
            troubles.push(Trouble { id, title, text, since: None });
        };
        let words = self.condition.words();
        if !words.is_empty() {
            add("condition", "Degraded", words);
        }
        if let Some(text) = self.watched.vanished_words() {
            add("vanished", "Brief files have vanished", text);
        }
        if let Some(text) = self.backups.trouble() {
            add("backup", "No backup is made", text);
        }
        if let Some(text) = self.asking.told().and_then(|asked| asked.trouble) {
            add("model", "The language model is not asked", text);
        }
        if let Some(announced) = self.announcing.told()
            && let Some(text) = announced.trouble
        {
            add("hub", &format!("The hub {} cannot be told", announced.hub), text);
        }
        for (file, errors) in self.watched.refused().iter() {
            let file = file.display().to_string();
            // Another mistake in the file is another trouble.
            let print = xxhash_rust::xxh3::xxh3_64(errors.join("\n").as_bytes());
            add(
                &format!("refused:{file}:{print:016x}"),
                &format!("{file} is refused"),
                errors.join("; "),
            );
        }
        troubles
    }
}
