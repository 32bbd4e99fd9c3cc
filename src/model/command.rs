//! What people and programs ask of the writer; answered when it is durable.

use std::path::PathBuf;

use super::{Brief, BriefId, Expected, ItemId, SourceId};

/// A change that a person or a program asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Stores a brief, or a new version of one.
    PutBrief {
        /// The brief.
        brief: Box<Brief>,
        /// Who brings it.
        origin: BriefOrigin,
        /// What must be so of the version that is there.
        expected: Expected,
    },
    /// Withdraws a brief; its items get another, or a generated one.
    RemoveBrief {
        /// Which.
        brief: BriefId,
        /// Who withdraws it.
        origin: BriefOrigin,
        /// What must be so of the version that is there.
        expected: Expected,
    },
    /// From now on the item has this brief.
    Pin {
        /// The item.
        item: ItemId,
        /// The brief.
        brief: BriefId,
    },
    /// From now on the item never has this brief.
    Block {
        /// The item.
        item: ItemId,
        /// The brief.
        brief: BriefId,
    },
    /// Takes a pin or a block back; where there is none of that kind, nothing changes.
    Unrule {
        /// The item.
        item: ItemId,
        /// The brief.
        brief: BriefId,
        /// A pin, else a block.
        pinned: bool,
    },
    /// Makes a source due at once.
    Poll(SourceId),
    /// Has a source asked no more until it is resumed, …
    Pause(SourceId),
    /// … and from now on again.
    Resume(SourceId),
}

/// Who brings a brief. A file wins over the API for its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BriefOrigin {
    /// A document in the watched directory.
    File(PathBuf),
    /// The API, the control socket or the command line.
    Api,
}

/// The answer to a command that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Whether anything differs from before.
    pub changed: bool,
    /// Whether what is stored now was not there before.
    pub created: bool,
    /// Items that have another brief now.
    pub items: Vec<ItemId>,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is nothing of that name.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// `brief`, `item` or `source`.
        what: &'static str,
        /// The name that was given.
        name: String,
    },
    /// A file owns the brief.
    #[error("brief `{id}` comes from the file {}: edit that file instead", file.display())]
    OwnedByFile {
        /// The brief.
        id: BriefId,
        /// Its file.
        file: PathBuf,
    },
    /// The brief is not the version that whoever asked has seen.
    #[error(
        "brief `{id}` {}: read it again, and make the change in what is there now",
        if etag.is_some() { "has another version by now" } else { "is not there" }
    )]
    Differs {
        /// The brief.
        id: BriefId,
        /// The tag of the version that is there.
        etag: Option<String>,
    },
    /// The store did not take it; nothing was changed.
    #[error("the store did not take the change: {0}")]
    Store(String),
    /// The daemon is stopping.
    #[error("the daemon is stopping; ask again once it is back")]
    Stopping,
}
