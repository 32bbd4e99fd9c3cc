//! Briefs into Markdown that reads back equal.
//!
//! Every entry is first written the readable way and given to the reader; where that does not
//! give the same entry back, it is written with every mark hidden.

use chrono::SecondsFormat;

use super::document;
use super::draft::Draft;
use super::escape::{destination, markdown, yaml};
use super::headings::Section;
use super::raw::hide_all;
use super::report::Findings;
use crate::model::{Brief, Further, Opinion, Origin, Point, Question, Status, Timestamp};

/// Returns the brief as Markdown: YAML front matter, then the sections it has.
///
/// An origin other than `stored` is written too; a reader does not keep it.
pub fn to_markdown(brief: &Brief) -> String {
    let source = brief.source_url.as_deref();
    let in_body = source.is_some_and(source_reads_back);
    let mut out = front_matter(brief, source.filter(|_| !in_body));
    push_section(&mut out, Section::Summary, &prose(Section::Summary, &brief.summary));
    push_section(&mut out, Section::Points, &entries(&brief.points, point));
    if let Some(post) = &brief.original_post {
        push_section(&mut out, Section::OriginalPost, &prose(Section::OriginalPost, post));
    }
    push_section(&mut out, Section::Further, &entries(&brief.further, further));
    push_section(&mut out, Section::Questions, &entries(&brief.questions, question));
    if let Some(said) = &brief.opinion {
        push_section(&mut out, Section::Opinion, &opinion(said));
    }
    push_section(&mut out, Section::KeyTerms, &entries(&brief.key_terms, key_term));
    push_section(&mut out, Section::Source, source.filter(|_| in_body).unwrap_or_default());
    out
}

fn front_matter(brief: &Brief, source_url: Option<&str>) -> String {
    let moment =
        |at: Option<Timestamp>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let status = (brief.status != Status::Active).then(|| brief.status.as_str().to_owned());
    let origin = (brief.origin != Origin::Stored).then(|| yaml(&brief.origin.to_string()));
    let lines = [
        ("id", Some(yaml(brief.id.as_str()))),
        ("title", Some(yaml(&brief.title))),
        ("lang", brief.lang.as_deref().map(yaml)),
        ("source_url", source_url.map(yaml)),
        ("date", moment(brief.date)),
        ("created", moment(brief.created)),
        ("updated", moment(brief.updated)),
        ("expires", moment(brief.expires)),
        ("author", brief.author.as_deref().map(yaml)),
        ("status", status),
        ("origin", origin),
    ];
    let lists = [
        ("urls", &brief.urls),
        ("guids", &brief.guids),
        ("pin", &brief.pin),
        ("block", &brief.block),
    ];
    let mut out: Vec<String> = vec!["---".to_owned()];
    for (key, value) in lines {
        out.extend(value.map(|value| format!("{key}: {value}")));
    }
    for (key, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        out.push(format!("{key}:"));
        out.extend(values.iter().map(|value| format!("  - {}", yaml(value))));
    }
    out.push("---\n".to_owned());
    out.join("\n")
}

fn push_section(out: &mut String, section: Section, content: &str) {
    if !content.is_empty() {
        out.extend(["\n", &heading(section), content, "\n"]);
    }
}

fn heading(section: Section) -> String {
    format!("## {}\n\n", section.name())
}

fn entries<T>(values: &[T], write: impl Fn(&T) -> String) -> String {
    values.iter().map(write).collect::<Vec<_>>().join("\n")
}

/// Returns the readable form if the reader takes it for what it is, else the hidden one.
fn choose(
    section: Section,
    form: impl Fn(Escape) -> String,
    same: impl Fn(&Draft) -> bool,
) -> String {
    let plain = form(markdown);
    let mut findings = Findings::default();
    let draft = document::read(&format!("{}{plain}\n", heading(section)), &mut findings);
    let faithful = !findings.refused() && draft.is_some_and(|draft| same(&draft));
    if faithful { plain } else { form(hide_all) }
}

/// How one paragraph is written.
type Escape = fn(&str) -> String;

/// Writes paragraphs, those after the first behind `indent`.
fn paragraphs(text: &str, indent: &str, escape: Escape) -> String {
    let written: Vec<String> = text.split("\n\n").map(escape).collect();
    written.join(&format!("\n\n{indent}"))
}

fn prose(section: Section, text: &str) -> String {
    choose(
        section,
        |escape| paragraphs(text, "", escape),
        |draft| {
            let found = match section {
                Section::Summary => &draft.summary,
                _ => &draft.original_post,
            };
            found.as_ref().is_some_and(|found| found.value == text)
        },
    )
}

fn point(point: &Point) -> String {
    choose(
        Section::Points,
        |escape| {
            let text = paragraphs(&point.text, "  ", escape);
            match &point.label {
                Some(label) => format!("- **{}:** {text}", escape(label)),
                None => format!("- {text}"),
            }
        },
        |draft| only(draft.points.iter().map(|found| &found.value), point),
    )
}

fn further(entry: &Further) -> String {
    choose(
        Section::Further,
        |escape| {
            let title = escape(&entry.title);
            let title = match &entry.url {
                Some(url) => format!("[{title}]({})", destination(url)),
                None => title,
            };
            match &entry.why {
                Some(why) => format!("- {title} – {}", paragraphs(why, "  ", escape)),
                None => format!("- {title}"),
            }
        },
        |draft| only(draft.further.iter().map(|found| &found.value), entry),
    )
}

fn question(entry: &Question) -> String {
    choose(
        Section::Questions,
        |escape| {
            let question = format!("- Q: {}", escape(&entry.question));
            match &entry.answer {
                Some(answer) => format!("{question}\n  A: {}", paragraphs(answer, "  ", escape)),
                None => question,
            }
        },
        |draft| only(draft.questions.iter().map(|found| &found.value), entry),
    )
}

fn opinion(opinion: &Opinion) -> String {
    choose(
        Section::Opinion,
        |escape| {
            let quote = paragraphs(&opinion.quote, "", escape);
            let who = escape(&opinion.who);
            match &opinion.role {
                Some(role) => format!("“{quote}” — {who}, {}", escape(role)),
                None => format!("“{quote}” — {who}"),
            }
        },
        |draft| only(draft.opinion.iter().map(|found| &found.value), opinion),
    )
}

fn key_term(term: &String) -> String {
    choose(
        Section::KeyTerms,
        |escape| format!("- {}", escape(term)),
        |draft| only(draft.key_terms.iter().map(|found| &found.value), term),
    )
}

fn source_reads_back(url: &str) -> bool {
    let mut findings = Findings::default();
    let draft = document::read(&format!("{}{url}\n", heading(Section::Source)), &mut findings);
    draft.is_some_and(|draft| {
        draft.urls.is_empty()
            && only(draft.source_url.iter().map(|found| found.value.as_str()), url)
    })
}

/// Returns whether `expected` is all there is.
fn only<'a, T: PartialEq + ?Sized + 'a>(
    mut found: impl Iterator<Item = &'a T>,
    expected: &T,
) -> bool {
    found.next() == Some(expected) && found.next().is_none()
}
