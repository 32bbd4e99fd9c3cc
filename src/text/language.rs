//! Which language a text is in, as far as it shows.

use whatlang::Lang;

use super::stop_words::StopWords;

/// Fewer letters than this say nothing reliable.
const LEAST_LETTERS: usize = 40;
/// With as many letters a text's language outweighs what its feed states.
const PLAIN_LETTERS: usize = 80;
/// Characters that its language is told by.
const SAMPLE: usize = 600;
/// Languages that are taken for each other: here the feed knows better.
const ALIKE: &[&[&str]] = &[
    &["no", "nb", "nn", "da", "sv"],
    &["es", "ca", "pt", "gl", "eu"],
    &["fr", "oc"],
    &["it", "co"],
    &["de", "lb", "als", "nds"],
    &["nl", "af", "fy"],
    &["hr", "sr", "bs", "sl", "mk", "bg"],
    &["cs", "sk"],
    &["ru", "uk", "be", "bg"],
    &["id", "ms"],
    &["hi", "mr", "ne"],
    &["ar", "fa", "ur", "ckb", "ps"],
    &["zh", "ja", "yue"],
    &["he", "yi"],
    &["tr", "az"],
    &["fi", "et"],
];

/// Returns the primary subtag of a BCP 47 tag in lower case: `en` of `en-GB`.
pub fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns the language of a text as a primary subtag, if it is long and plain enough to tell.
pub fn detect(text: &str) -> Option<&'static str> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let found = whatlang::detect(text)?;
    let enough = letters >= LEAST_LETTERS || !found.script().langs().contains(&Lang::Eng);
    (enough && found.is_reliable()).then(|| code(found.lang())).flatten()
}

/// Returns the language of an article: what its feed states, unless its text plainly is in another.
///
/// Many feeds state the language of the program that makes them.
pub fn settle_language(stated: Option<&str>, title: &str, text: &str) -> Option<String> {
    let end = text.char_indices().nth(SAMPLE).map_or(text.len(), |(at, _)| at);
    let sample = format!("{title}\n{}", text.get(..end).unwrap_or_default());
    let Some(stated) = stated.filter(|tag| is_tag(tag) && !primary(tag).is_empty()) else {
        return detect(&sample).map(str::to_owned);
    };
    // Its own grammar is proof, and cheaper than comparing with all languages there are.
    if is_full_of(StopWords::of(Some(stated)), &sample) {
        return Some(stated.to_owned());
    }
    let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
    let found = whatlang::detect(&sample).filter(|found| {
        let script = found.script();
        let is_latin = script.langs().contains(&Lang::Eng);
        // In a script that the stated language is not written in, a guess is nearer than the statement.
        let is_foreign = known(stated).is_some_and(|lang| !script.langs().contains(&lang));
        (is_foreign && !is_latin)
            || (found.is_reliable() && (!is_latin || letters >= PLAIN_LETTERS))
    });
    let found = found.and_then(|found| code(found.lang()));
    let differs = |found: &&str| {
        let stated = primary(stated);
        *found != stated
            && !ALIKE.iter().any(|group| group.contains(&&*stated) && group.contains(found))
    };
    Some(found.filter(differs).unwrap_or(stated).to_owned())
}

/// Returns whether a text can be a language tag (RFC 5646 section 2.1); some write `en_US`.
///
/// SECURITY: what a feed states stands in every document and page that shows the item.
fn is_tag(text: &str) -> bool {
    text.len() <= 35 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Returns the language that a tag means, if it can be told from others.
fn known(tag: &str) -> Option<Lang> {
    let primary = primary(tag);
    Lang::all().iter().copied().find(|lang| code(*lang) == Some(&primary))
}

/// Returns whether a quarter of the words are of a list, as in a text of that language.
fn is_full_of(grammar: StopWords, text: &str) -> bool {
    let (mut all, mut known) = (0_u32, 0_u32);
    for word in text.split_whitespace() {
        all += 1;
        known += u32::from(grammar.contains(word));
    }
    all >= 12 && known * 4 > all
}

/// Returns `rtl` for languages written from right to left, else `ltr`.
pub fn direction(tag: &str) -> &'static str {
    match primary(tag).as_str() {
        "ar" | "he" | "iw" | "fa" | "ur" | "yi" | "ji" | "ps" | "sd" | "ug" | "dv" | "ckb" => "rtl",
        _ => "ltr",
    }
}

fn code(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "no",
        Lang::Fin => "fi",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Bul => "bg",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Ell => "el",
        Lang::Tur => "tr",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Pes => "fa",
        Lang::Urd => "ur",
        Lang::Hin => "hi",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Vie => "vi",
        Lang::Ind => "id",
        Lang::Tha => "th",
        Lang::Cat => "ca",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_its_language_and_a_word_does_not() {
        let english = "The council voted on Thursday to rebuild the harbour wall before winter.";
        let german = "Der Stadtrat hat am Donnerstag beschlossen, die Hafenmauer neu zu bauen.";
        assert_eq!(detect(english), Some("en"));
        assert_eq!(detect(german), Some("de"));
        assert_eq!(detect("港湾の防波堤を再建することが決まった。"), Some("ja"));
        assert_eq!(detect("Harbour"), None);
        assert_eq!(detect("🚢🚢🚢"), None);
    }

    #[test]
    fn a_text_outweighs_what_its_feed_states_if_it_is_plain() {
        let german = "Der Stadtrat hat am Donnerstag beschlossen, die Hafenmauer neu zu bauen. Sie war \
                      im Sturm gebrochen, und niemand weiß bisher, was der Bau kosten wird, aber er \
                      soll noch vor dem Winter beginnen, wie die Stadt mitteilte.";
        let settled = |stated: &str, text: &str| settle_language(Some(stated), "", text);
        assert_eq!(settled("en-US", german).as_deref(), Some("de"));
        assert_eq!(settled("de-AT", german).as_deref(), Some("de-AT"));
        assert_eq!(settled("en-US", "Hafenmauer gebrochen").as_deref(), Some("en-US"));
        assert_eq!(settled("en", "Мэр сказал, что стена упала в пятницу.").as_deref(), Some("ru"));
        assert_eq!(settle_language(None, "", german).as_deref(), Some("de"));
        assert_eq!(settle_language(None, "", "Hm"), None);
    }

    #[test]
    fn what_is_no_language_tag_states_nothing() {
        for stated in ["<script>", "en\"onload=\"x", "javascript:x", "en; q=1", &"a".repeat(36)] {
            assert_eq!(settle_language(Some(stated), "", "Hm"), None, "{stated}");
        }
        assert_eq!(settle_language(Some("en_US"), "", "Hm").as_deref(), Some("en_US"));
    }

    #[test]
    fn the_primary_subtag_is_what_is_compared() {
        assert_eq!(primary("en-GB"), "en");
        assert_eq!(primary("DE_at"), "de");
        assert_eq!(direction("ar-EG"), "rtl");
        assert_eq!(direction("en"), "ltr");
    }
}
