//! What publishing systems put around a text: datelines, agency lines, invitations to read on.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A sentence that begins so is not about the story.
const BEGINNINGS: &[&str] = &[
    "read more",
    "continue reading",
    "click here",
    "sign up",
    "subscribe",
    "advertisement",
    "this article originally",
    "this story originally",
    "this article was originally",
    "this story was originally",
    "this article first appeared",
    "photo:",
    "photos:",
    "image:",
    "image credit",
    "photo by",
    "photograph:",
    "picture:",
    "listen to this",
    "watch:",
    "watch the video",
    "share this",
    "follow us",
    "comments url",
    "article url",
    "points:",
    "# comments",
    "submitted by",
    "related:",
    "copyright",
    "©",
    "(c) ",
    "all rights reserved",
    "(reporting by",
    "reporting by",
    "(editing by",
    "(additional reporting",
    "(writing by",
    "e-mail to a friend",
    "---",
    "view comments",
    "leave a comment",
    "download audio",
    "download:",
    "your browser does not",
    "the associated press contributed",
    "associated press writer",
    "for more information, visit",
    "get the latest",
    "posted by",
    "filed under",
    "tags:",
    "categories:",
    "learn more",
    "see also:",
    "see more",
    "more:",
    "source:",
    "last modified on",
    "last updated",
    "story continues below",
    "have you read",
    "please enable javascript",
    "weiterlesen",
    "mehr dazu",
    "lesen sie auch",
    "lesen sie mehr",
    "zum artikel",
    "foto:",
    "bild:",
    "quelle:",
    "anzeige",
    "dieser artikel erschien",
    "abonnieren sie",
    "mit material von",
    "lire la suite",
    "lire aussi",
    "en savoir plus",
    "à lire aussi",
    "photo :",
    "abonnez-vous",
    "partager l'article",
    "leer más",
    "seguir leyendo",
    "lea también",
    "lee también",
    "suscríbete",
    "sigue leyendo",
    "foto de",
    "leia mais",
    "leia também",
    "continue lendo",
    "saiba mais",
    "siga o",
    "clique aqui",
    "ler mais",
    "leggi anche",
    "continua a leggere",
    "leggi tutto",
    "leggi l'articolo",
    "riproduzione riservata",
    "iscriviti",
    "lees meer",
    "lees ook",
    "lees verder",
    "läs mer",
    "läs också",
    "läs även",
    "les mer",
    "læs mere",
    "læs også",
    "lue lisää",
    "czytaj więcej",
    "czytaj też",
    "читать далее",
    "читайте также",
    "подробнее",
    "фото:",
    "источник:",
    "اقرأ أيضا",
    "اقرأ المزيد",
    "続きを読む",
    "写真：",
    "関連記事",
    "阅读更多",
    "延伸阅读",
    "責任編輯",
    "责任编辑",
];
/// Pairs that a sentence of a blog's feed holds: `The post … appeared first on …`.
const APPEARED: &[(&str, &str)] = &[
    ("the post ", "appeared first on"),
    ("the post ", "first appeared on"),
    ("this post ", "appeared first on"),
    ("der beitrag ", "erschien zuerst"),
    ("l’article ", "est apparu en premier"),
    ("l'article ", "est apparu en premier"),
    ("cet article ", "est apparu en premier"),
    ("la entrada ", "se publicó primero"),
    ("la entrada ", "apareció primero"),
    ("o post ", "apareceu primeiro"),
    ("o conteúdo ", "apareceu primeiro"),
    ("l'articolo ", "proviene da"),
    ("l’articolo ", "proviene da"),
    ("het bericht ", "verscheen eerst"),
    ("inlägget ", "dök först upp"),
    ("запись ", "впервые появилась"),
    ("сообщение ", "появились сначала"),
];
/// What ends a text that was cut off.
const TAILS: &[&str] = &[
    "[…]",
    "[...]",
    "[&#8230;]",
    "(more…)",
    "(more...)",
    "Read more",
    "Read more…",
    "Read more...",
    "Read More",
    "Continue reading",
    "Continue reading…",
    "Continue reading...",
    "Continue reading →",
    "Read the full story",
    "Read full article",
    "Read more »",
    "Weiterlesen",
    "Lire la suite",
    "Leer más",
    "Leia mais",
    "Lees meer",
    "Continua a leggere",
    "Läs mer",
    "Читать далее",
    "→",
    "»",
];
/// A dateline is no longer, in characters.
const LONGEST_DATELINE: usize = 70;
const DASHES: &[&str] = &[" -- ", " - ", " – ", " — ", ") -", ") –", ") —", ")--"];

/// Characters that tell whether a sentence begins so.
const BEGINNING: usize = 50;

/// The beginnings by their first character.
static BY_FIRST: LazyLock<HashMap<char, Vec<&'static str>>> = LazyLock::new(|| {
    let mut by_first: HashMap<char, Vec<&str>> = HashMap::new();
    for start in BEGINNINGS {
        by_first.entry(start.chars().next().unwrap_or_default()).or_default().push(start);
    }
    by_first
});

/// Returns whether a sentence is about the publishing system and not about the story.
pub(super) fn is_furniture(sentence: &str) -> bool {
    let whole = sentence.chars().take(BEGINNING).flat_map(char::to_lowercase).collect::<String>();
    let lower = whole.trim_start_matches(['(', '[', '*', '•', '>', ' ']);
    let begins = |text: &str| {
        let first = text.chars().next().and_then(|first| BY_FIRST.get(&first));
        first.is_some_and(|starts| starts.iter().any(|start| text.starts_with(start)))
    };
    let appeared = |(from, then): &(&str, &str)| {
        lower.starts_with(from) && sentence.to_lowercase().contains(then)
    };
    begins(lower) || begins(&whole) || APPEARED.iter().any(appeared) || is_address(sentence)
}

/// Returns whether a sentence is a poster beside a text: a word or two in capitals (`BREAKING.`), or
/// an address with words behind it.
pub(super) fn is_poster(sentence: &str) -> bool {
    if sentence.starts_with("http://") || sentence.starts_with("https://") {
        return true;
    }
    let letters = || sentence.chars().filter(|c| c.is_alphabetic());
    sentence.split_whitespace().nth(2).is_none()
        && letters().nth(3).is_some()
        && letters().all(char::is_uppercase)
}

fn is_address(sentence: &str) -> bool {
    let is_link = |word: &str| word.starts_with("http://") || word.starts_with("https://");
    !sentence.is_empty() && sentence.split_whitespace().all(is_link)
}

/// Returns a sentence without its dateline: `PARIS, Nov 3 (Reuters) - `.
pub(super) fn without_dateline(sentence: &str) -> &str {
    let rest = behind_dateline(sentence).unwrap_or(sentence);
    let rest = rest.strip_prefix("(CNN)").unwrap_or(rest);
    let rest = rest.trim_start_matches(['-', '–', '—', ' ']);
    let is_whole =
        rest.chars().next().is_some_and(|c| c.is_alphanumeric() || "\"“„«‘'(¿¡".contains(c));
    if is_whole { rest } else { sentence }
}

fn behind_dateline(sentence: &str) -> Option<&str> {
    let limit = sentence.char_indices().nth(LONGEST_DATELINE).map_or(sentence.len(), |(at, _)| at);
    let beginning = sentence.get(..limit)?;
    let (at, dash) = DASHES
        .iter()
        .filter_map(|dash| beginning.find(dash).map(|at| (at, *dash)))
        .min_by_key(|(at, dash)| (*at, std::cmp::Reverse(dash.len())))?;
    let closes = usize::from(dash.starts_with(')'));
    let head = sentence.get(..at + closes)?.trim();
    let rest = sentence.get(at + dash.len()..)?.trim_start_matches(['-', '–', '—', ' ']);
    is_dateline(head).then_some(rest)
}

/// A place in capitals, or anything short that ends with an agency in parentheses.
fn is_dateline(head: &str) -> bool {
    let agency = head.strip_suffix(')').and_then(|head| head.rsplit_once('('));
    if let Some((place, agency)) = agency {
        let is_name = agency.chars().all(|c| c.is_alphabetic() || " .-/".contains(c))
            && agency.split_whitespace().count() <= 3;
        let plain = !place.contains(['.', '!', '?']) || place.split_whitespace().count() <= 5;
        return is_name && agency.chars().count() <= 30 && plain;
    }
    let letters = head.chars().filter(|c| c.is_alphabetic());
    let (upper, lower) = letters.fold((0, 0), |(upper, lower), c| {
        if c.is_uppercase() { (upper + 1, lower) } else { (upper, lower + 1) }
    });
    let place = head.split([',', ' ']).next().unwrap_or_default();
    upper >= 3
        && upper > lower
        && place.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase)
}

/// Returns a sentence without what says that there is more elsewhere.
pub(super) fn without_tail(sentence: &str) -> &str {
    let mut rest = sentence.trim_end();
    while let Some(shorter) = TAILS.iter().find_map(|tail| rest.strip_suffix(tail)) {
        // `… he would read more` is a sentence.
        let ends =
            shorter.trim_end().ends_with(['.', '!', '?', '…', '"', '”', '»', ':', ')', ']', '。']);
        if !ends && !shorter.is_empty() && !rest.ends_with([']', ')', '→', '»', '…']) {
            break;
        }
        rest = shorter.trim_end();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datelines_are_taken_off_and_sentences_are_not() {
        for (line, rest) in [
            ("(CNN) -- The wall broke.", "The wall broke."),
            ("(CNN)The wall broke.", "The wall broke."),
            ("PARIS, Nov 3 (Reuters) - The wall broke.", "The wall broke."),
            ("Berlin (dpa) - Die Mauer brach.", "Die Mauer brach."),
            ("SKERROW — The wall broke.", "The wall broke."),
            ("LONDON (AP) — “It broke,” she said.", "“It broke,” she said."),
            ("MADRID, 3 Nov. (EUROPA PRESS) - El muro cayó.", "El muro cayó."),
            ("The wall – long weak – broke.", "The wall – long weak – broke."),
            (
                "NATO said on Friday - again - that it broke.",
                "NATO said on Friday - again - that it broke.",
            ),
            ("The wall (built 1900) - broke.", "The wall (built 1900) - broke."),
            ("(CNN) --", "(CNN) --"),
        ] {
            assert_eq!(without_dateline(line), rest);
        }
    }

    #[test]
    fn what_says_that_there_is_more_is_taken_off() {
        for (line, rest) in [
            ("The wall broke. Read more", "The wall broke."),
            ("The wall broke and […]", "The wall broke and"),
            ("He said he would Read more", "He said he would Read more"),
            ("The wall broke. Continue reading →", "The wall broke."),
            ("Read more", ""),
        ] {
            assert_eq!(without_tail(line), rest);
        }
    }

    #[test]
    fn furniture_is_told_from_sentences() {
        for line in [
            "The post The wall broke appeared first on Dock News.",
            "Der Beitrag Die Mauer erschien zuerst auf Hafenblatt.",
            "(Reporting by A. Abara; Editing by B. Lind)",
            "© 2026 Dock News. All rights reserved.",
            "https://example.org/a https://example.org/b",
            "続きを読む",
        ] {
            assert!(is_furniture(line), "{line}");
        }
        assert!(!is_furniture("The post office broke."));
        assert!(!is_furniture("She reads more than he does."));
    }
}
