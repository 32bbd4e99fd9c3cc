//! The text form: front matter and sections into a draft.

use super::draft::{Draft, Placed, placed};
use super::headings::Section;
use super::lines::split;
use super::report::{Findings, Place};
use super::sections::{self, Body};
use super::{front, further, opinion, points, prose, questions, terms};

/// Reads a decoded Markdown or plain text document.
///
/// `None`, with the reason in `findings`, when its front matter does not end.
pub(super) fn read(text: &str, findings: &mut Findings) -> Option<Draft> {
    let mut draft = Draft { whole: Place::TOP, ..Draft::default() };
    let mut lines = split(text);
    let taken = front::read(&lines, &mut draft, findings)?;
    let body = lines.split_off(taken.min(lines.len()));
    let document = sections::scan(body, findings);
    if let Some((place, value)) = document.title.filter(|(_, title)| !title.is_empty()) {
        if draft.title.is_some() {
            findings.refuse_field(place, "title", "the title is in the front matter already");
        } else {
            draft.title = Some(Placed { place, value });
        }
    }
    for body in document.sections {
        read_section(&mut draft, &body, findings);
    }
    Some(draft)
}

fn read_section(draft: &mut Draft, body: &Body<'_>, findings: &mut Findings) {
    let lines = &body.lines;
    match body.section {
        Section::Summary => draft.summary = Some(prose_of(body, findings)),
        Section::OriginalPost => draft.original_post = Some(prose_of(body, findings)),
        Section::Points => draft.points.extend(placed(points::read(lines, findings))),
        Section::Further => draft.further.extend(placed(further::read(lines, findings))),
        Section::Questions => draft.questions.extend(placed(questions::read(lines, findings))),
        Section::KeyTerms => draft.key_terms.extend(placed(terms::read(lines, findings))),
        Section::Opinion => {
            let opinion = opinion::read(lines, findings);
            draft.opinion = opinion.map(|(place, value)| Placed { place, value });
        }
        Section::Source => read_source(draft, body, findings),
    }
}

fn prose_of(body: &Body<'_>, findings: &mut Findings) -> Placed<String> {
    Placed { place: body.place, value: prose::read(&body.lines, findings) }
}

/// Takes the first address as the source, and the others as further addresses of the story.
fn read_source(draft: &mut Draft, body: &Body<'_>, findings: &mut Findings) {
    let mut addresses = placed(terms::addresses(&body.lines));
    let Some(first) = addresses.next() else { return };
    if draft.source_url.is_some() {
        let message = "`source_url` is in the front matter already";
        findings.refuse_field(first.place, "source_url", message);
    } else {
        draft.source_url = Some(first);
    }
    for further in addresses {
        let message = "a further address of the source is kept in `urls`";
        findings.warn(further.place, "further-source-url", message);
        if draft.urls.iter().all(|url| url.value != further.value) {
            draft.urls.push(further);
        }
    }
}
