//! A channel's documents in all its formats, which say the same and carry one date.

use std::sync::Arc;

use super::{Document, Prepared};
use crate::model::{DocumentFormat, Timestamp};

/// What is published of a channel at one time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edition {
    documents: Vec<(DocumentFormat, Arc<Document>)>,
}

impl Edition {
    /// Returns an edition of these documents.
    pub fn of(documents: Vec<(DocumentFormat, Arc<Document>)>) -> Self {
        Self { documents }
    }

    /// Renders and compresses what is said, in every format of the channel.
    pub fn print(prepared: &Prepared<'_>, modified: Timestamp) -> Self {
        Self::default().completed(prepared, modified)
    }

    /// Returns the document in a format.
    pub fn get(&self, format: DocumentFormat) -> Option<&Arc<Document>> {
        self.documents.iter().find(|(known, _)| *known == format).map(|(_, document)| document)
    }

    /// Returns all documents.
    pub fn documents(&self) -> impl Iterator<Item = (DocumentFormat, &Arc<Document>)> {
        self.documents.iter().map(|(format, document)| (*format, document))
    }

    /// Returns when it last changed.
    pub fn modified(&self) -> Option<Timestamp> {
        self.documents.iter().map(|(_, document)| document.modified).max()
    }

    /// Returns the edition that says this, if all that is there of this one does: itself, without
    /// formats that the channel has no more and with those that it has got.
    pub fn standing(&self, prepared: &Prepared<'_>) -> Option<Self> {
        let modified = self.modified()?;
        let stands = |(format, document): &(DocumentFormat, Arc<Document>)| {
            document.modified == modified && prepared.render(*format, modified) == document.plain
        };
        let formats = &prepared.rendering.channel.formats;
        let mut kept = self.clone();
        kept.documents.retain(|(format, _)| formats.contains(format));
        let is_standing = !kept.documents.is_empty() && kept.documents.iter().all(stands);
        is_standing.then(|| kept.completed(prepared, modified))
    }

    /// Returns whether another edition has nothing that this one has not: the same bytes.
    pub fn says_the_same(&self, other: &Self) -> bool {
        other.documents().all(|(format, document)| {
            self.get(format).is_some_and(|known| known.plain == document.plain)
        })
    }

    /// Returns how many items it has; what stands inside of them is escaped or sanitised.
    pub fn items(&self) -> usize {
        let Some((format, document)) = self.documents.first() else { return 0 };
        let mark: &[u8] = match format {
            DocumentFormat::Rss => b"<item>",
            DocumentFormat::Atom => b"<entry>",
            DocumentFormat::Json => b"\n      \"content_html\": ",
        };
        document.plain.windows(mark.len()).filter(|bytes| *bytes == mark).count()
    }

    fn completed(mut self, prepared: &Prepared<'_>, modified: Timestamp) -> Self {
        let missing = |format: &&DocumentFormat| self.get(**format).is_none();
        let formats = prepared.rendering.channel.formats.iter().filter(missing);
        let print = |format: DocumentFormat| {
            let bytes = prepared.render(format, modified);
            (format, Arc::new(Document::new(bytes, format.content_type(), modified)))
        };
        let printed: Vec<_> = formats.copied().map(print).collect();
        self.documents.extend(printed);
        self
    }
}
