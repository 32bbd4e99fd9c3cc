//! Names of months and weekdays, as days of whatever language: `Nov` is `November`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::{fold, primary};

/// Seven days from Monday and twelve months; spellings of one are parted by a bar.
const NAMES: &[(&str, &str)] = &[
    (
        "en",
        "monday|mon tuesday|tue|tues wednesday|wed thursday|thu|thurs friday|fri saturday|sat sunday|sun january|jan \
        february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct november|nov \
        december|dec",
    ),
    (
        "de",
        "montag|montags dienstag|dienstags mittwoch|mittwochs donnerstag|donnerstags freitag|freitags \
        samstag|samstags|sonnabend sonntag|sonntags januar|jänner|jan februar|feb märz april|apr mai juni|jun juli|jul \
        august|aug september|sep|sept oktober|okt november|nov dezember|dez",
    ),
    (
        "fr",
        "lundi mardi mercredi jeudi vendredi samedi dimanche janvier|janv février|févr mars avril mai juin \
        juillet|juil août septembre|sept octobre|oct novembre|nov décembre|déc",
    ),
    (
        "es",
        "lunes martes miércoles jueves viernes sábado domingo enero|ene febrero|feb marzo abril mayo junio julio agosto \
        septiembre|setiembre|sept octubre|oct noviembre|nov diciembre|dic",
    ),
    (
        "pt",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo janeiro|jan fevereiro|fev março \
        abril|abr maio junho|jun julho|jul agosto|ago setembro|set outubro|out novembro|nov dezembro|dez",
    ),
    (
        "it",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica gennaio|gen febbraio|feb marzo aprile maggio \
        giugno|giu luglio|lug agosto settembre|sett ottobre|ott novembre|nov dicembre|dic",
    ),
    (
        "nl",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari|jan februari|feb maart|mrt april|apr mei \
        juni|jun juli|jul augustus|aug september|sept oktober|okt november|nov december|dec",
    ),
    (
        "ru",
        "понедельник|понедельника|понедельнику вторник|вторника|вторнику среда|среду|среды четверг|четверга|четвергу \
        пятница|пятницу|пятницы суббота|субботу|субботы воскресенье|воскресенья январь|января|январе \
        февраль|февраля|феврале март|марта|марте апрель|апреля|апреле май|мая|мае июнь|июня|июне июль|июля|июле \
        август|августа|августе сентябрь|сентября|сентябре октябрь|октября|октябре ноябрь|ноября|ноябре \
        декабрь|декабря|декабре",
    ),
    (
        "sv",
        "måndag|måndagen tisdag|tisdagen onsdag|onsdagen torsdag|torsdagen fredag|fredagen lördag|lördagen \
        söndag|söndagen januari|jan februari|feb mars april|apr maj juni|jun juli|jul augusti|aug september|sept \
        oktober|okt november|nov december|dec",
    ),
    (
        "ar",
        "الاثنين|الإثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد يناير فبراير مارس أبريل|ابريل مايو يونيو يوليو \
        أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    ),
];
/// The same in scripts that part no words, from Monday.
const UNPARTED: &[&[&str]] = &[
    &["星期一", "周一", "週一", "礼拜一", "月曜"],
    &["星期二", "周二", "週二", "礼拜二", "火曜"],
    &["星期三", "周三", "週三", "礼拜三", "水曜"],
    &["星期四", "周四", "週四", "礼拜四", "木曜"],
    &["星期五", "周五", "週五", "礼拜五", "金曜"],
    &["星期六", "周六", "週六", "礼拜六", "土曜"],
    &["星期日", "星期天", "周日", "週日", "礼拜天", "日曜"],
];

static TABLES: LazyLock<HashMap<&'static str, HashMap<String, usize>>> = LazyLock::new(|| {
    let table = |names: &str| {
        let all = names.split_ascii_whitespace().enumerate();
        all.flat_map(|(at, names)| names.split('|').map(move |name| (fold(name), at))).collect()
    };
    NAMES.iter().map(|(lang, names)| (*lang, table(names))).collect()
});

/// Returns which day or month a folded word names, 0 to 18.
pub(super) fn named(folded: &str, lang: Option<&str>) -> Option<usize> {
    let lang = lang.map_or_else(String::new, primary);
    TABLES.get(lang.as_str())?.get(folded).copied()
}

/// Returns whether a word that names a month is a common word as well: `may`, `march`, `mar`.
pub(super) fn is_doubtful(folded: &str, lang: Option<&str>) -> bool {
    let lang = lang.map_or_else(String::new, primary);
    match lang.as_str() {
        "en" => matches!(
            folded,
            "may" | "march" | "mar" | "sat" | "sun" | "wed" | "dec" | "jan" | "mon"
        ),
        "fr" => folded == "mars",
        "es" => matches!(folded, "martes" | "ene"),
        "pt" => matches!(folded, "set" | "out"),
        "it" => matches!(folded, "gen" | "dic"),
        "ru" => matches!(folded, "среда" | "среды" | "среду"),
        "nl" => folded == "mei",
        _ => false,
    }
}

/// Returns the days named in a text without word borders, each by what it is called there.
pub(super) fn unparted(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (at, names) in UNPARTED.iter().enumerate() {
        let named = names.iter().find(|name| text.contains(**name));
        found.extend(named.map(|name| (at, *name)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_nineteen_names() {
        for (lang, names) in NAMES {
            assert_eq!(names.split_ascii_whitespace().count(), 19, "{lang}");
        }
    }

    #[test]
    fn names_are_known_across_spellings_and_languages() {
        assert_eq!(named("nov", Some("en-GB")), named("november", Some("en")));
        assert_eq!(named("marz", Some("de")), named("march", Some("en")));
        assert_eq!(named("ноября", Some("ru")), named("november", Some("en")));
        assert_eq!(named("harbour", Some("en")), None);
        assert_eq!(unparted("周五宣布"), [(4, "周五")]);
    }
}
