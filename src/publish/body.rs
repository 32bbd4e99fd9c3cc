//! An item's body: the brief's sections as HTML, from the tags that all readers keep.
//!
//! No `details`, `mark`, style or class: feedparser and Miniflux drop them, and their words run
//! into the next line. Key terms, publisher, rights and origin stand here too, because most
//! readers show neither category nor source.

use super::item::{
    PublishedItem, categories_label, is_elsewhere, printed, rights, shorten, summary, wordless,
};
use super::{Entry, Labels, labels};
use crate::model::{Body, Brief, Method, Origin};
use crate::text::{direction, html};

const EXCERPT_WORDS: usize = 60;

/// Returns an item's body as a channel of that kind shows it.
pub fn item_body(entry: &Entry<'_>, item: &PublishedItem, body: Body) -> String {
    let mut page = Page::new(entry);
    page.correction(entry);
    match body {
        Body::Brief => page.brief(entry, item),
        Body::BriefAndOriginal => {
            page.brief(entry, item);
            page.original(entry);
        }
        Body::Original => {
            page.original(entry);
            page.also(entry);
            page.terms(entry, item);
            page.footer(entry, item);
        }
    }
    page.html
}

/// Returns an item's sections as its own page shows them; `root` is the path before the site's pages.
pub fn item_article(entry: &Entry<'_>, item: &PublishedItem, root: &str) -> String {
    let mut page = Page { root: Some(root), ..Page::new(entry) };
    page.correction(entry);
    page.brief(entry, item);
    page.html
}

/// Returns a brief's sections alone, as its own page shows them.
pub fn brief_article(brief: &Brief, root: &str) -> String {
    let lang = brief.lang.as_deref();
    let mut page = Page {
        html: String::new(),
        labels: labels(lang),
        lang,
        rtl: is_rtl(lang),
        root: Some(root),
    };
    page.section(page.labels.summary);
    page.paragraphs(&brief.summary);
    page.sections(brief, brief.original_post.as_deref());
    if !brief.key_terms.is_empty() {
        page.section(page.labels.key_terms);
        let terms: Vec<String> = brief.key_terms.iter().map(|term| page.term(term)).collect();
        page.list(terms.into_iter());
    }
    if let Some(url) = &brief.source_url {
        page.section(page.labels.source);
        page.block("p", &anchor(url, url));
    }
    page.html
}

fn is_rtl(lang: Option<&str>) -> bool {
    lang.map(direction) == Some("rtl")
}

/// HTML that is being written, in one language.
struct Page<'p> {
    html: String,
    labels: Labels,
    lang: Option<&'p str>,
    rtl: bool,
    /// On a page of the site, where headings are its own and terms lead to their pages: the path before
    /// them.
    root: Option<&'p str>,
}

impl<'p> Page<'p> {
    fn new(entry: &Entry<'p>) -> Self {
        let of_brief = entry.brief.and_then(|brief| brief.lang.as_deref());
        let lang = of_brief.or(entry.story.lang.as_deref());
        Self { html: String::new(), labels: labels(lang), lang, rtl: is_rtl(lang), root: None }
    }

    /// Writes when it was corrected last of what subscribers had seen, and where.
    fn correction(&mut self, entry: &Entry<'_>) {
        let Some(correction) = &entry.story.correction else { return };
        let names = correction.sections.iter().map(|section| self.labels.of(*section));
        let names = names.collect::<Vec<_>>().join(", ");
        let date = correction.at.format("%Y-%m-%d %H:%M UTC");
        self.block("p", &format!("{} {date}: {}", self.labels.updated, html::escape(&names)));
    }

    /// Writes the sections in the order of the user's own brief.
    fn brief(&mut self, entry: &Entry<'_>, item: &PublishedItem) {
        self.section(self.labels.summary);
        let summary = summary(entry);
        if summary.is_empty() {
            self.block("p", wordless(entry));
        } else {
            self.paragraphs(&summary);
        }
        let stored = entry.brief.and_then(|brief| brief.original_post.clone());
        // A short text is its own summary; saying it twice says nothing.
        let post = stored.or_else(|| excerpt(entry).filter(|post| !is_said(post, &summary)));
        match entry.brief {
            Some(brief) => self.sections(brief, post.as_deref()),
            None => self.post(post.as_deref()),
        }
        self.also(entry);
        self.terms(entry, item);
        self.footer(entry, item);
    }

    /// Writes what lies between the summary and the key terms.
    fn sections(&mut self, brief: &Brief, post: Option<&str>) {
        if !brief.points.is_empty() {
            self.section(self.labels.points);
            self.list(brief.points.iter().map(|point| {
                let text = html::escape(&point.text);
                match &point.label {
                    Some(label) => format!("<strong>{}:</strong> {text}", html::escape(label)),
                    None => text,
                }
            }));
        }
        self.post(post);
        if !brief.further.is_empty() {
            self.section(self.labels.further);
            self.list(brief.further.iter().map(|further| {
                let title = match &further.url {
                    Some(url) => anchor(url, &further.title),
                    None => html::escape(&further.title),
                };
                let why = further.why.as_deref().map(|why| format!(" – {}", html::escape(why)));
                title + &why.unwrap_or_default()
            }));
        }
        if !brief.questions.is_empty() {
            self.section(self.labels.questions);
            self.open("dl");
            for question in &brief.questions {
                self.block("dt", &format!("<strong>{}</strong>", html::escape(&question.question)));
                let answer = question.answer.as_deref().unwrap_or("–");
                self.block("dd", &html::escape(answer).replace("\n\n", "<br><br>"));
            }
            self.html.push_str("</dl>");
        }
        if let Some(opinion) = &brief.opinion {
            self.section(self.labels.opinion);
            self.open("blockquote");
            self.paragraphs(&opinion.quote);
            self.html.push_str("</blockquote>");
            let role = opinion.role.as_deref().map(|role| format!(", {}", html::escape(role)));
            let who = format!("– {}{}", html::escape(&opinion.who), role.unwrap_or_default());
            self.block("p", &who);
        }
    }

    fn post(&mut self, post: Option<&str>) {
        let Some(post) = post else { return };
        self.section(self.labels.original_post);
        self.open("blockquote");
        self.paragraphs(post);
        self.html.push_str("</blockquote>");
    }

    /// Writes who else tells the story.
    fn also(&mut self, entry: &Entry<'_>) {
        let others = printed(entry);
        if !others.is_empty() {
            self.section(self.labels.also);
            self.list(others.iter().map(|also| {
                format!("{}: {}", html::escape(&also.publisher), anchor(&also.link, &also.title))
            }));
        }
    }

    /// Writes the key terms, all of them; the first eight stand as the categories say them.
    fn terms(&mut self, entry: &Entry<'_>, item: &PublishedItem) {
        let stored = entry.brief.map(|brief| brief.key_terms.as_slice()).unwrap_or_default();
        let further = stored.iter().skip(item.categories.len());
        let all: Vec<String> =
            item.categories.iter().chain(further).map(|term| self.term(term)).collect();
        if !all.is_empty() {
            self.section(categories_label(item, self.lang));
            self.list(all.into_iter());
        }
    }

    /// Writes where it comes from: publisher, link, rights, and the origin of the brief.
    fn footer(&mut self, entry: &Entry<'_>, item: &PublishedItem) {
        self.section(self.labels.source);
        let publisher = match &entry.publisher.link {
            Some(link) => anchor(link, &entry.publisher.name),
            None => html::escape(&entry.publisher.name),
        };
        self.block("p", &format!("{publisher}: {}", anchor(&item.link, &item.title)));
        let named = entry.brief.and_then(|brief| brief.source_url.as_deref());
        if let Some(url) = named.filter(|url| is_elsewhere(url, &item.link)) {
            self.block("p", &anchor(url, url));
        }
        if let Some(rights) = rights(entry) {
            self.block("p", &html::escape(&rights));
        }
        self.block("p", &format!("{}: {}", self.labels.origin, html::escape(&origin(entry))));
    }

    fn original(&mut self, entry: &Entry<'_>) {
        self.section(self.labels.original_post);
        let original = entry.story.article.as_ref().unwrap_or(&entry.story.html);
        if original.is_empty() {
            self.block("p", self.labels.no_text);
        } else {
            self.html.push_str(&html::sanitise(original, html::List::Readers, None));
        }
    }

    /// Returns a term, on a page as a link to the other items that have it.
    fn term(&self, term: &str) -> String {
        let text = html::escape(term);
        match self.root {
            Some(root) => {
                format!("<a href=\"{root}{}\">{text}</a>", html::escape(&term_path(term)))
            }
            None => text,
        }
    }

    fn section(&mut self, heading: &str) {
        match self.root {
            Some(_) => self.block("h2", &html::escape(heading)),
            None => self.block("h3", &format!("<strong>{}</strong>", html::escape(heading))),
        }
    }

    fn paragraphs(&mut self, text: &str) {
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            self.block("p", &html::escape(paragraph.trim()).replace('\n', "<br>"));
        }
    }

    fn list(&mut self, items: impl Iterator<Item = String>) {
        self.open("ul");
        for item in items {
            self.html.push_str("<li>");
            self.html.push_str(&item);
            self.html.push_str("</li>");
        }
        self.html.push_str("</ul>");
    }

    fn block(&mut self, tag: &str, inner: &str) {
        self.open(tag);
        self.html.push_str(inner);
        self.html.push_str("</");
        self.html.push_str(tag);
        self.html.push('>');
    }

    fn open(&mut self, tag: &str) {
        self.html.push('<');
        self.html.push_str(tag);
        if self.rtl {
            self.html.push_str(" dir=\"rtl\"");
        }
        self.html.push('>');
    }
}

/// Returns the path of the page of a term.
pub fn term_path(term: &str) -> String {
    // A space is `+` in a query, and `%20` in a path.
    let encoded: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
    format!("/terms/{}", encoded.replace('+', "%20"))
}

fn anchor(url: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", html::escape(url), html::escape(text))
}

/// Returns the first words of the original, where the brief quotes none.
fn excerpt(entry: &Entry<'_>) -> Option<String> {
    let lead = entry.story.lead.as_deref().unwrap_or(&entry.story.html);
    let text = html::plain(lead);
    let words: Vec<&str> = text.split_whitespace().collect();
    let head = words.get(..EXCERPT_WORDS).map(|head| format!("{}…", head.join(" ")));
    // Scripts without spaces have few words and many characters.
    let line = shorten(&head.unwrap_or_else(|| words.join(" ")), 600);
    (!line.is_empty()).then_some(line)
}

fn is_said(post: &str, summary: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    words(post) == words(summary)
}

/// Returns where the brief's words come from, and how it came to this item.
fn origin(entry: &Entry<'_>) -> String {
    let Some(brief) = entry.brief else { return Origin::Extracted.to_string() };
    let story = entry.story;
    match story.method {
        Method::None | Method::Ambiguous | Method::Blocked | Method::Lang => {
            brief.origin.to_string()
        }
        method => format!("{} ({} {:.2})", brief.origin, method.as_str(), story.score),
    }
}
