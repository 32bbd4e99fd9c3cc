//! What tests of the store share.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::{Lock, Options, Recovery, Store};
use crate::model::{ItemId, SourceId, Story, Timestamp};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

/// Waits until an earlier database lets go of its file, which sled does on a thread of its own.
pub(crate) fn wait_for_file(folder: &Path) {
    if let Ok(file) = File::open(folder.join("db").join("db")) {
        file.lock().unwrap();
    }
}

pub(crate) fn open(folder: &Path) -> (Store, Option<Recovery>) {
    wait_for_file(folder);
    let options =
        Options { folder, cache: 1 << 20, authority: Some("news.example.org"), backups: None };
    let lock = Lock::take(folder).unwrap();
    lock.announce(None).unwrap();
    Store::open(&options, Arc::new(lock), at(0)).unwrap()
}

pub(crate) fn source(name: &str) -> SourceId {
    SourceId::new(name).unwrap()
}

pub(crate) fn story(name: &str, guid: &str, seconds: i64) -> Story {
    Story {
        source: source(name),
        title: format!("Title of {guid}"),
        url: Some(format!("https://example.org/{guid}?utm_source=x")),
        html: "<p>Body</p>".to_owned(),
        lang: Some("en".to_owned()),
        categories: vec!["news".to_owned()],
        duration: Some(61),
        content: 7,
        score: 0.25,
        summary: vec!["Body.".to_owned()],
        ..Story::blank(ItemId::mint(&source(name), guid), guid, at(seconds))
    }
}

pub(crate) fn put(store: &Store, stories: &[Story]) {
    let mut changes = store.begin();
    for story in stories {
        changes.put_story(story, at(0)).unwrap();
    }
    changes.commit().unwrap();
}
