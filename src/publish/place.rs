//! Where a document stands: which of a channel's documents it is, and its address.

use super::Site;
use crate::model::{Channel, DocumentFormat, SourceId};

/// Which of a channel's documents one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'p> {
    /// The one that readers subscribe to.
    Current {
        /// The last finished page of the archive, where there is one.
        earlier: Option<&'p str>,
    },
    /// A finished page of the archive (RFC 5005 section 4).
    Archive {
        /// Its name, such as `2026-10`.
        page: &'p str,
        /// The page before it.
        earlier: Option<&'p str>,
    },
    /// The items about one key term.
    Term(&'p str),
    /// The items of one source, and its name for people.
    Source(&'p SourceId, &'p str),
}

impl<'p> Place<'p> {
    /// Returns its address; a secret channel's holds its token.
    pub fn address(self, site: &Site, channel: &Channel, format: DocumentFormat) -> String {
        let mut segments = vec!["feeds".to_owned()];
        let name = |stem: &str| format!("{stem}.{}", format.extension());
        let id = channel.id.as_str();
        match self {
            Self::Current { .. } => segments.push(name(id)),
            Self::Archive { page, .. } => segments.extend([id.to_owned(), name(page)]),
            Self::Term(term) => segments.extend([id.to_owned(), "terms".to_owned(), name(term)]),
            Self::Source(source, _) => {
                segments.extend([id.to_owned(), "sources".to_owned(), name(source.as_str())]);
            }
        }
        let mut url = site.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if let Some(token) = &channel.token {
            url.set_query(Some(&format!("token={}", token.reveal())));
        }
        url.to_string()
    }

    /// Returns what stands in its title beside the channel's own.
    pub(super) fn title(self) -> Option<&'p str> {
        match self {
            Self::Current { .. } => None,
            Self::Archive { page, .. } => Some(page),
            Self::Term(term) => Some(term),
            Self::Source(_, name) => Some(name),
        }
    }

    /// Returns the page of the archive before it.
    pub(super) fn earlier(self) -> Option<Self> {
        let (Self::Current { earlier } | Self::Archive { earlier, .. }) = self else { return None };
        earlier.map(|page| Self::Archive { page, earlier: None })
    }

    /// Returns whether it is a page of the archive.
    pub(super) fn is_archive(self) -> bool {
        matches!(self, Self::Archive { .. })
    }

    /// Returns what its permanent id ends in (RFC 4151).
    pub(super) fn id(self, channel: &Channel) -> String {
        let id = &channel.id;
        match self {
            // Pages are parts of one logical feed.
            Self::Current { .. } | Self::Archive { .. } => format!("channel:{id}"),
            Self::Term(term) => format!("channel:{id}:term:{}", encoded(term)),
            Self::Source(source, _) => format!("channel:{id}:source:{}", encoded(source.as_str())),
        }
    }
}

/// A tag URI holds no more than a URL does.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
