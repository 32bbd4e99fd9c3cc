//! What is made of a text that anybody may have written.

use briefwire::enrich::asked::{Manner, Subject, answer, question, tokens_used};
use briefwire::enrich::{Article, Measure, extract};
use briefwire::model::BriefId;
use briefwire::text::html::{self, List};
use briefwire::text::{
    Stemmer, detect, direction, fold, is_stop_word, primary, rarity, sentences, words,
};
use url::Url;

use super::markup::assert_safe;

const LANGUAGES: [Option<&str>; 20] = [
    None,
    Some("en"),
    Some("de"),
    Some("fr"),
    Some("es"),
    Some("it"),
    Some("nl"),
    Some("sv"),
    Some("ru"),
    Some("ar"),
    Some("da"),
    Some("fi"),
    Some("el"),
    Some("hu"),
    Some("nb"),
    Some("pt"),
    Some("ro"),
    Some("tr"),
    Some("ja"),
    Some("x-EN_y"),
];

/// The first byte chooses the language, the second where markup is cut; the text follows.
pub(crate) fn text(input: &[u8]) {
    let (settings, bytes) = input.split_at(input.len().min(2));
    let [language, size] = *settings else { return };
    let language = LANGUAGES.get(usize::from(language) % LANGUAGES.len()).copied().flatten();
    let text = String::from_utf8_lossy(bytes);
    check_markup(&text, usize::from(size));
    check_plain(&text);
    check_characters(&text);
    check_prose(&text, language);
    check_extract(&text, language);
    // It reads a text of its own beside the input: a part of the inputs is enough of it.
    if size % 4 == 0 {
        check_asked(&text, language, u32::from(size) * 64);
    }
    let plain = html::plain(&text);
    check_prose(&plain, language);
    if let Some(found) = detect(&plain) {
        assert_eq!(primary(found), found, "a primary subtag");
    }
    assert!(matches!(direction(&plain), "ltr" | "rtl"));
}

fn check_markup(text: &str, size: usize) {
    let base = Url::parse("https://a.example/b/c?d").expect("an address");
    for list in [List::Display, List::Brief] {
        for base in [None, Some(&base)] {
            let once = html::sanitise(text, list, base);
            assert_eq!(html::sanitise(&once, list, base), once, "once is enough");
            assert_eq!(html::sanitise(&once, list, None), once, "addresses are absolute");
            assert_safe(&once);
            for max_bytes in [size, size * 16] {
                check_cut(&once, list, max_bytes);
            }
        }
    }
    let brief = html::sanitise(text, List::Brief, None);
    let display = html::sanitise(&brief, List::Display, None);
    assert_eq!(display, brief, "the short list is part of the long one");
}

fn check_cut(markup: &str, list: List, max_bytes: usize) {
    let (cut, was_cut) = html::cut(markup, max_bytes);
    assert!(cut.len() <= max_bytes, "{} bytes where {max_bytes} were asked", cut.len());
    assert_eq!(was_cut, cut != markup, "what was cut is told");
    assert_eq!(was_cut, markup.len() > max_bytes, "only what is too long is cut");
    assert_eq!(html::sanitise(&cut, list, None), cut, "a cut keeps markup sanitised");
    assert_safe(&cut);
}

fn check_plain(text: &str) {
    let plain = html::plain(text);
    assert_eq!(html::clean_chars(&plain), plain);
    assert_eq!(plain.trim(), plain);
    assert!(!plain.contains("\n\n\n") && !plain.contains("  "), "{plain:?}");
    for is_markup in [false, true] {
        let line = html::plain_line(text, is_markup);
        let collapsed: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(collapsed.join(" "), line, "one clean line");
        assert_eq!(html::clean_chars(&line), line);
    }
}

fn check_characters(text: &str) {
    let clean = html::clean_chars(text);
    assert_eq!(html::clean_chars(&clean), clean);
    let escaped = html::escape(text);
    assert!(!escaped.contains(['<', '>', '"']), "{escaped:?}");
    assert_eq!(html::decode_entities(&escaped), clean.replace('\r', "\n"), "escaping is undone");
    let base = Url::parse("https://a.example/b/c?d").expect("an address");
    for line in text.split('\n').take(8) {
        for base in [None, Some(&base)] {
            let Some(address) = html::absolute(line, base) else { continue };
            let scheme = address.split(':').next().unwrap_or_default();
            assert!(["http", "https", "mailto", "tel"].contains(&scheme), "{address:?}");
            assert_eq!(html::absolute(&address, None), Some(address), "absolute once for all");
        }
    }
}

/// What is extracted stands in the source, is bounded, and comes out the same twice.
fn check_extract(text: &str, language: Option<&str>) {
    let (title, body) = text.split_once('\n').unwrap_or(("", text));
    let article = Article { lang: language, publisher: &["A b"], ..Article::new(title, body) };
    let made = extract(&article, Measure::default());
    assert_eq!(extract(&article, Measure::default()), made, "the same bytes on every run");
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (title, body) = (squeezed(title), squeezed(body));
    for sentence in &made.summary {
        assert!(body.contains(sentence.as_str()), "{sentence:?} stands in the text");
    }
    let source = format!("{title}\n{body}").to_lowercase();
    for term in &made.key_terms {
        assert!(source.contains(&term.term.to_lowercase()), "{term:?} stands in the source");
        assert!((1..=4).contains(&term.term.split(' ').count()), "{term:?}");
        assert!((0.0..=1.0).contains(&term.score), "{term:?}");
    }
    assert!(made.key_terms.is_sorted_by(|a, b| a.score >= b.score));
    assert!(made.summary.len() <= 3 && made.key_terms.len() <= 10);
}

/// A question costs what its budget allows, and whatever is answered, nothing unsound is believed.
fn check_asked(text: &str, language: Option<&str>, tokens: u32) {
    let (title, body) = text.split_once('\n').unwrap_or(("", text));
    let long = format!("{body}\n{}", "The old harbour wall broke on a day in spring. ".repeat(15));
    let links = [title.to_owned()];
    let subject = Subject { title, text: &long, lang: language, url: Some(title), links: &links };
    let manner = Manner { tokens, ..Manner::of("m") };
    if let Some(question) = question(&subject, &manner) {
        assert!(question.tokens <= tokens, "{} tokens of {tokens}", question.tokens);
    }
    let manner = Manner::of("m");
    let (head, tail) = (json_text(title), json_text(body));
    let written = format!(
        r#"{{"summary":{tail},"original_post":{head},"key_terms":[{head}],
        "opinion":{{"who":{head},"role":{head},"quote":{tail}}}}}"#
    );
    let content = json_text(&written);
    let content = format!(r#"{{"choices":[{{"message":{{"content":{content}}}}}]}}"#);
    for bytes in [text.as_bytes(), content.as_bytes()] {
        let id = BriefId::new("m").expect("an id");
        let Ok(sound) = answer(&subject, &manner, id, bytes) else { continue };
        let brief = sound.brief;
        assert!(!brief.summary.trim().is_empty() && brief.summary.chars().count() <= 1600);
        assert_eq!(html::clean_chars(&brief.summary), brief.summary, "nothing hidden is shown");
        assert!(brief.key_terms.len() <= 10);
    }
    tokens_used(text.as_bytes());
}

fn json_text(text: &str) -> String {
    let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{}\"", units.concat())
}

fn check_prose(text: &str, language: Option<&str>) {
    let found = sentences(text, None);
    for sentence in &found {
        let collapsed: Vec<&str> = sentence.split_whitespace().collect();
        assert!(!sentence.is_empty() && collapsed.join(" ") == *sentence, "{sentence:?}");
    }
    // A piece without a letter or digit is no sentence, and is left out.
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    assert_eq!(letters(&found.concat()), letters(text), "no sentence is lost or made up");
    let stemmer = Stemmer::of(language);
    let mut last = None;
    for word in words(text) {
        assert_eq!(text.get(word.start..word.end()), Some(word.text), "offsets stand");
        assert!(!word.text.is_empty() && last < Some(word.start), "words stand in order");
        last = Some(word.start);
        let folded = fold(word.text);
        assert!(rarity(&stemmer.stem(&folded)) >= 0.0);
        is_stop_word(&folded, language);
    }
}
