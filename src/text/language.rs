//! Which language a text is in, as far as it shows.

use whatlang::Lang;

/// Fewer letters than this say nothing reliable.
const LEAST_LETTERS: usize = 40;

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
    fn the_primary_subtag_is_what_is_compared() {
        assert_eq!(primary("en-GB"), "en");
        assert_eq!(primary("DE_at"), "de");
        assert_eq!(direction("ar-EG"), "rtl");
        assert_eq!(direction("en"), "ltr");
    }
}
