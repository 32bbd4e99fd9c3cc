//! From what a model wrote to a brief: each section held against the source, or left out.

use serde_json::Value;

use super::calendar;
use super::counting::count;
use super::ground::{Ground, lacking};
use super::question::fitted;
use super::quotations::Letters;
use super::reading::{Reading, one_line};
use super::reply::{Written, kind, written};
use super::speaker::attributed;
use super::{Answer, Manner, Subject, Unsound};
use crate::enrich::lexicon::Lexicon;
use crate::model::{Brief, BriefId, Further, Opinion, Origin, Point, Question};
use crate::text::{detect, fold, is_ideograph, words};

const MAX_SUMMARY_CHARS: usize = 1500;
const MAX_TEXT_CHARS: usize = 700;
const MAX_LINE_CHARS: usize = 250;
const MAX_LABEL_CHARS: usize = 80;
const MAX_TITLE_CHARS: usize = 200;
const MAX_ENTRIES: usize = 8;
const MAX_TERMS: usize = 10;
const MAX_TERM_WORDS: usize = 6;
const MAX_EXCERPT_WORDS: usize = 120;
const LEAST_SUMMARY_WORDS: usize = 5;
const MAX_ROLE_WORDS: usize = 15;

/// Reads an endpoint's answer, the whole body of a response with status 200.
///
/// It is held against the same cut of the source that [`super::question()`] asks about.
pub fn answer(
    subject: &Subject<'_>,
    manner: &Manner<'_>,
    id: BriefId,
    body: &[u8],
) -> Result<Answer, Unsound> {
    let written = written(body)?;
    let reading = fitted(subject, manner)
        .ok_or_else(|| Unsound::NoSummary("there was nothing to ask about".to_owned()))?;
    let mut sieve = Sieve { ground: Ground::of(&reading), dropped: Vec::new() };
    let summary = sieve.summary(&written, &reading)?;
    let points = sieve.points(&written);
    let lang = sieve.ground.wanted.clone().or_else(|| detect(&summary).map(str::to_owned));
    let mut brief = Brief::new(id, title(subject, &reading), summary);
    brief.lang = lang;
    brief.points = points;
    brief.original_post = sieve.original_post(&written, &reading);
    brief.further = sieve.further(&written, subject);
    brief.questions = sieve.questions(&written);
    brief.opinion = sieve.opinion(&written);
    brief.key_terms = sieve.key_terms(&written);
    brief.source_url = subject.url.map(str::trim).filter(|url| is_web(url)).map(str::to_owned);
    brief.origin = Origin::Model(manner.model.to_owned());
    Ok(Answer { brief, dropped: sieve.dropped })
}

fn title(subject: &Subject<'_>, reading: &Reading) -> String {
    let title = one_line(subject.title);
    if !title.is_empty() {
        return title;
    }
    let first = reading.paragraphs.first().and_then(|paragraph| paragraph.first());
    first.map(|sentence| sentence.chars().take(MAX_TITLE_CHARS).collect()).unwrap_or_default()
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Lets through what stands in the source, and keeps count of what does not.
struct Sieve {
    ground: Ground,
    dropped: Vec<String>,
}

impl Sieve {
    fn drop(&mut self, section: &str, why: &str) {
        self.dropped.push(format!("{section}: {why}"));
    }

    fn summary(&self, written: &Written, reading: &Reading) -> Result<String, Unsound> {
        let value = written.get("summary");
        let value = value.ok_or_else(|| Unsound::WrongShape("there is no summary".to_owned()))?;
        let Some(text) = value.as_str() else {
            return Err(Unsound::WrongShape(format!("the summary is {}", kind(value))));
        };
        let lines = text.lines().map(one_line).filter(|line| !line.is_empty());
        let summary = lines.collect::<Vec<_>>().join("\n\n");
        let unsound = |why: &str| Err(Unsound::NoSummary(why.to_owned()));
        if count(&summary) < LEAST_SUMMARY_WORDS {
            return unsound("it is no sentence");
        }
        if summary.chars().count() > MAX_SUMMARY_CHARS {
            return unsound("it is too long");
        }
        if let Some((wanted, found)) = self.ground.other_language(&summary) {
            return Err(Unsound::WrongLanguage { wanted, found });
        }
        if folded(&summary) == folded(&reading.title) {
            return unsound("it is a copy of the title");
        }
        if let Some(fault) = hidden(text).or_else(|| self.ground.fault(&summary)) {
            return unsound(&fault);
        }
        if !self.ground.bears_on(&summary) {
            return unsound("it is about something else");
        }
        Ok(summary)
    }

    fn points(&mut self, written: &Written) -> Vec<Point> {
        let mut points = Vec::new();
        for entry in self.entries(written, "points") {
            let Some(text) = self.required("points", entry.get("text"), MAX_TEXT_CHARS) else {
                continue;
            };
            let label = self.prose("points", entry.get("label"), MAX_LABEL_CHARS);
            let label =
                label.map(|label| label.trim_end_matches([':', '：']).trim_end().to_owned());
            points.push(Point { label: label.filter(|label| !label.is_empty()), text });
        }
        let all: Vec<&str> = points.iter().map(|point| point.text.as_str()).collect();
        let all = all.join(" ");
        self.of_language("points", &all, points)
    }

    fn questions(&mut self, written: &Written) -> Vec<Question> {
        let mut questions = Vec::new();
        for entry in self.entries(written, "questions") {
            let question = self.required("questions", entry.get("question"), MAX_LINE_CHARS);
            let Some(question) = question else { continue };
            let answer = self.required("questions", entry.get("answer"), MAX_TEXT_CHARS);
            questions.extend(answer.map(|answer| Question { question, answer: Some(answer) }));
        }
        let all: Vec<&str> = questions
            .iter()
            .flat_map(|q| [q.question.as_str(), q.answer.as_deref().unwrap_or_default()])
            .collect();
        let all = all.join(" ");
        self.of_language("questions", &all, questions)
    }

    fn further(&mut self, written: &Written, subject: &Subject<'_>) -> Vec<Further> {
        let mut further: Vec<Further> = Vec::new();
        for entry in self.entries(written, "further") {
            let url = entry.get("url").and_then(Value::as_str).unwrap_or_default().trim();
            let links = subject.links.iter().map(String::as_str).chain(subject.url);
            let mut links = links.map(str::trim).filter(|link| is_web(link));
            let Some(url) = links.find(|link| *link == url).map(str::to_owned) else {
                self.drop("further", &lacking(url));
                continue;
            };
            if further.iter().any(|known| known.url.as_ref() == Some(&url)) {
                continue;
            }
            let Some(title) = self.required("further", entry.get("title"), MAX_LINE_CHARS) else {
                continue;
            };
            let why = self.prose("further", entry.get("why"), MAX_TEXT_CHARS);
            further.push(Further { title, url: Some(url), why });
        }
        further
    }

    fn original_post(&mut self, written: &Written, reading: &Reading) -> Option<String> {
        let excerpt = self.string("original_post", written.get("original_post"))?;
        if count(&excerpt) > MAX_EXCERPT_WORDS {
            self.drop("original_post", "it is too long");
            return None;
        }
        // Without the title, which is no part of the post.
        let text = Letters::of(&reading.text());
        let found = text.find(&excerpt).map(str::to_owned);
        if found.is_none() {
            self.drop("original_post", &lacking(&excerpt));
        }
        found
    }

    fn opinion(&mut self, written: &Written) -> Option<Opinion> {
        let value = written.get("opinion").filter(|value| !value.is_null())?;
        if !value.is_object() {
            self.drop("opinion", &format!("it is {}", kind(value)));
            return None;
        }
        let quote = self.string("opinion", value.get("quote"))?;
        let who = self.string("opinion", value.get("who"))?;
        let quote = match attributed(&self.ground, &quote, &who) {
            Ok(quote) => quote,
            Err(why) => {
                self.drop("opinion", &why);
                return None;
            }
        };
        let role = self.role(value.get("role"));
        Some(Opinion { who, role, quote })
    }

    fn role(&mut self, value: Option<&Value>) -> Option<String> {
        let role = self.prose("opinion", value, MAX_LINE_CHARS)?;
        let lexicon = Lexicon::of(self.ground.wanted.as_deref());
        let unknown = words(&role).into_iter().find(|word| {
            let lower = word.text.to_lowercase();
            let is_known = if word.text.chars().any(is_ideograph) {
                self.ground.words.holds(word.text)
            } else {
                self.ground.words.knows(word.text)
            };
            !lexicon.is_stop(&lower) && !is_known
        });
        if let Some(word) = unknown {
            self.drop("opinion", &lacking(word.text));
            return None;
        }
        (count(&role) <= MAX_ROLE_WORDS).then_some(role)
    }

    fn key_terms(&mut self, written: &Written) -> Vec<String> {
        let mut terms: Vec<String> = Vec::new();
        let mut known: Vec<String> = Vec::new();
        for value in self.list(written, "key_terms") {
            let Some(term) = self.string("key_terms", Some(&value)) else { continue };
            let term = match self.term(&term) {
                Ok(term) => term,
                Err(why) => {
                    self.drop("key_terms", &why);
                    continue;
                }
            };
            let stems = self.ground.words.stems(&term);
            let is_new = !known.contains(&stems) && !terms.iter().any(|t| fold(t) == fold(&term));
            if is_new && terms.len() == MAX_TERMS {
                self.drop("key_terms", "there are too many");
                break;
            }
            if is_new {
                known.push(stems);
                terms.push(term);
            }
        }
        terms
    }

    /// Returns a term as the source writes it.
    fn term(&self, term: &str) -> Result<String, String> {
        let all = words(term);
        let lang = self.ground.wanted.as_deref();
        let lexicon = Lexicon::of(lang);
        if count(term) > MAX_TERM_WORDS || term.chars().count() > MAX_LABEL_CHARS {
            return Err(format!("\"{}\" is too long", term.chars().take(80).collect::<String>()));
        }
        let says_nothing = all.iter().all(|word| {
            let lower = word.text.to_lowercase();
            lexicon.is_stop(&lower)
                || !lower.chars().any(char::is_alphabetic)
                || calendar::named(&fold(word.text), lang).is_some()
        });
        if says_nothing || calendar::unparted(term).iter().any(|(_, name)| *name == term) {
            return Err(format!("\"{term}\" is no term"));
        }
        if let Some(fault) = super::commands::unclean(term) {
            return Err(fault.to_owned());
        }
        if let Some(found) = self.ground.letters.find(term) {
            return Ok(found.to_owned());
        }
        if term.chars().any(is_ideograph) {
            return Err(lacking(term));
        }
        let places = self.ground.words.phrase(term).into_iter();
        let mut written = places.filter_map(|(start, end)| self.ground.text.get(start..end));
        let joined = |found: &&str| {
            !found.contains([',', ';', ':', '!', '?', '"', '“', '”', '\n', '(', ')'])
                && !found.contains(". ")
        };
        written.find(joined).map(str::to_owned).ok_or_else(|| lacking(term))
    }

    /// Returns the entries of a list, if it is one; those beyond its bound are left out.
    fn list(&mut self, written: &Written, section: &str) -> Vec<Value> {
        match written.get(section) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(all)) => all.iter().take(MAX_TERMS * 4).cloned().collect(),
            Some(other) => {
                self.drop(section, &format!("it is {}", kind(other)));
                Vec::new()
            }
        }
    }

    fn entries(&mut self, written: &Written, section: &str) -> Vec<Value> {
        let mut all = self.list(written, section);
        if all.len() > MAX_ENTRIES {
            self.drop(section, "there are too many");
            all.truncate(MAX_ENTRIES);
        }
        if let Some(other) = all.iter().find(|entry| !entry.is_object()) {
            let why = format!("an entry is {}", kind(other));
            self.drop(section, &why);
        }
        all.retain(Value::is_object);
        all
    }

    /// Returns a text on one line; an empty one is none, and another kind of value is told.
    fn string(&mut self, section: &str, value: Option<&Value>) -> Option<String> {
        let value = value.filter(|value| !value.is_null())?;
        let Some(text) = value.as_str() else {
            self.drop(section, &format!("a text is {}", kind(value)));
            return None;
        };
        if let Some(why) = hidden(text) {
            self.drop(section, &why);
            return None;
        }
        let text = one_line(text);
        (!text.is_empty()).then_some(text)
    }

    /// Returns a text that holds.
    fn prose(&mut self, section: &str, value: Option<&Value>, max_chars: usize) -> Option<String> {
        let text = self.string(section, value)?;
        let fault = if text.chars().count() > max_chars {
            Some("a text is too long".to_owned())
        } else {
            self.ground.fault(&text)
        };
        match fault {
            Some(fault) => {
                self.drop(section, &fault);
                None
            }
            None => Some(text),
        }
    }

    /// Returns a text that holds and that its entry cannot do without.
    fn required(
        &mut self,
        section: &str,
        value: Option<&Value>,
        max_chars: usize,
    ) -> Option<String> {
        let told = self.dropped.len();
        let text = self.prose(section, value, max_chars);
        if text.is_none() && self.dropped.len() == told {
            self.drop(section, "an entry is incomplete");
        }
        text
    }

    fn of_language<T>(&mut self, section: &str, text: &str, entries: Vec<T>) -> Vec<T> {
        match self.ground.other_language(text) {
            Some((_, found)) => {
                self.drop(section, &format!("it is in `{found}`"));
                Vec::new()
            }
            None => entries,
        }
    }
}

/// Returns why a text is not fit to be shown, before its lines are joined.
fn hidden(text: &str) -> Option<String> {
    let is_hidden = |c: char| super::commands::is_hidden(c) && !matches!(c, '\t' | '\r');
    text.chars().any(is_hidden).then(|| "it holds control characters".to_owned())
}

fn folded(text: &str) -> String {
    words(text).iter().map(|word| fold(word.text)).collect::<Vec<_>>().join(" ")
}
