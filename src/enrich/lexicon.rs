//! What is known of the words of a language: which carry grammar only, which no term may hold.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, OnceLock};

use crate::text::{StopWords, primary};

type Words = HashSet<&'static str>;

/// Words that English news is full of and that begin or end no term, beside the stop words that
/// matching knows too.
const ENGLISH: &str = "mr mrs dr according although among amid another around away became become \
    becomes began begin besides came come comes coming described despite done else enough especially \
    except far first followed following former four five six seven eight nine ten gave give given goes \
    going gone good great however including indeed instead keep kept know known largely later latest \
    least less likely little long longer look lot mainly makes making meanwhile mostly nearly never next \
    none nothing often plus old perhaps please put quite rather recent recently right second see seen several showed \
    shown since sometimes soon still take taken takes taking tell third though thought three throughout \
    today told took toward towards tomorrow tonight tried try two unless used using usually want wanted \
    well went whatever whether whose within without work yesterday yet one ones us also cannot gets \
    getting got many much back ago already always anyone anything asked called due early end everyone \
    everything find found help high hundreds thousands i'm i've i'd i'll it's that's there's he's she's \
    we're they're you're we've they've don't didn't doesn't won't can't couldn't isn't aren't wasn't \
    weren't wouldn't shouldn't haven't hasn't hadn't you'll we'll they'll let's who's what's";
const ARABIC: &str = "في من على إلى عن مع هذا هذه ذلك تلك التي الذي الذين أن إن كان كانت قد لقد ما لا لم لن \
    هو هي هم بعد قبل بين حتى كما أو ثم أي كل بعض غير منذ خلال عند لدى أيضا وقد وقال قال قالت وأضاف";
const JAPANESE: &str = "の に は を が と で も や へ から まで より など し た て い る れ さ な だ です ます した \
    する して いる ある なる なっ れる られ こと もの ため よう ん か ね よ これ それ この その ここ という ほか \
    日 月 年 時 分 人 的 さん 氏 同 約 歳 円 中 後 前 者";
const CHINESE: &str = "的 了 在 是 和 与 及 也 都 就 而 但 为 以 于 对 从 到 被 把 将 向 由 不 有 这 那 其 之 等 个 \
    一 二 三 两 年 月 日 上 下 中 后 前 说 称 会 要 能 可 还 已 已经 我 他 她 它 我们 他们 表示 进行 一个 没有 可以 \
    並 與 為 於 對 從 這 個 後 說 稱 會 還 們";
/// The long list of Urdu is not in Urdu's letters.
const URDU: &str = "میں کے کی کا کو سے اور ہے ہیں پر نے یہ وہ اس ان کہ تھا تھی تھے جو بھی ایک ہو کر نہیں گیا گئی گئے لیے \
    لئے تو ہی تک کیا کیے ہوا ہوئی ہوئے والے والی والا کون سا سی ساتھ بعد جا رہا رہی رہے دیا دی دیے دینے کرنے کچھ اپنے اپنی \
    اپنا علاوہ بارے خلاف جس جن اب ہم آپ کوئی بہت زیادہ کم سب پھر اگر مگر لیکن یا ہونے جانے وقت";
/// Words that stand inside terms: `secretary of state`, `droits de l'homme`.
const INNER: &[(&str, &str)] = &[
    ("en", "of"),
    ("fr", "de du des d la le les l aux au"),
    ("pt", "de da do dos das"),
    ("es", "de del de la los las"),
    ("it", "di del della dello dei degli delle d"),
    ("ca", "de del d la"),
    ("nl", "van de"),
    ("de", "für der des"),
    ("sv", "i för"),
    ("da", "i for"),
    ("no", "i for"),
];
/// Pronouns that French writes behind its verbs.
const INVERTED: &[&str] =
    &["-il", "-elle", "-ils", "-elles", "-on", "-je", "-vous", "-nous", "-ce", "-moi"];
/// Elided articles are written together with the next word.
const ELIDING: &[&str] = &["fr", "it", "ca"];

/// Measures of whatever, in no term but a name.
const MEASURES: &str = "million millions billion billions trillion percent percentage per cent cents thousand \
    hundred dozen year years month months week weeks day days hour hours minute minutes seconds mile miles km \
    kilometers kilometres metres meters mg kg cm ml gb mb kb pound pounds dollars feet tons tonnes gallons acres inches euros \
    millionen milliarden prozent jahr jahre jahren tag tage tagen woche wochen monat monate monaten stunde \
    stunden minuten uhr kilometer meter tonnen millions milliards pourcent an ans année années jour jours mois \
    semaine semaines heure heures minutes fois mètres milhões milhão bilhões mil ano anos dia dias mês meses \
    semana semanas hora horas vez vezes por cento millón millones año años día días millas veces ciento milioni \
    miliardi anno anni giorno giorni mese mesi settimana settimane ora ore cento miljoen miljard procent jaar \
    jaren dag dagen maand maanden weken uur uren miljoner miljarder år dagar veckor månader timmar \
    млн млрд тыс миллион миллионов миллиардов процентов процента год года лет году день дня дней месяц месяца \
    месяцев неделя недели недель час часа часов рублей";
/// Names of weekdays and months, and what publishing systems write.
const CALENDAR: &str = "monday tuesday wednesday thursday friday saturday sunday january february march april may \
    june july august september october november december jan feb mar apr jun jul aug sept sep oct nov dec mon \
    tue wed thu fri sat sun tues thurs montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag \
    januar jänner februar märz mai juni juli oktober dezember lundi mardi mercredi jeudi vendredi samedi \
    dimanche janvier février mars avril juin juillet août septembre octobre novembre décembre lunes martes \
    miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio julio agosto septiembre octubre \
    noviembre diciembre segunda-feira terça-feira quarta-feira quinta-feira sexta-feira segunda terça quarta \
    quinta sexta janeiro fevereiro março maio junho julho setembro outubro novembro dezembro lunedì martedì \
    mercoledì giovedì venerdì sabato domenica gennaio febbraio aprile maggio giugno luglio settembre ottobre \
    dicembre maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart mei augustus \
    måndag tisdag onsdag torsdag fredag lördag söndag maj augusti mandag tirsdag lørdag søndag marts \
    понедельник понедельника вторник вторника среду среды среда четверг четверга пятница пятницу пятницы суббота \
    субботу субботы воскресенье воскресенья января февраля марта апреля мая июня июля августа сентября октября \
    ноября декабря январь февраль апрель июнь июль август сентябрь октябрь ноябрь декабрь";
const SYSTEMS: &str = "http https www com html href nbsp quot amp rss newsletter newsletters cookies cookie javascript \
    facebook.com twitter.com reuters cnn afp upi dpa subscribe advertisement";
/// Words that say nothing alone.
const GENERIC: &str = "people time times way ways thing things lot lots part place man woman men number group \
    case point fact today yesterday tomorrow tonight morning afternoon evening night latest comments comment points \
    article story stories read video photo photos image leute menschen zeit teil personnes temps partie pessoas \
    tempo parte gente personas tiempo vez persone tempo mensen tijd människor tid люди человек время";
/// Articles and what else stands in front of nouns.
const DETERMINERS: &[(&str, &str)] = &[
    ("en", "the a an this these those its their his her our my your some any each every no both"),
    (
        "fr",
        "le la les l un une des du de d au aux ce cet cette ces son sa ses leur leurs notre nos votre vos en sur \
        par chaque",
    ),
    (
        "pt",
        "o a os as um uma uns umas do da dos das no na nos nas ao à aos às pelo pela pelos pelas de em este esta \
        esse essa seu sua seus suas numa num cada",
    ),
    ("es", "el la los las un una unos unas del al de en este esta estos estas su sus cada"),
    (
        "it",
        "il lo la i gli le l un uno una del dello della dei degli delle d al allo alla ai agli alle dal dalla dai nel \
        nella nei negli nelle sul sulla di questo questa suo sua",
    ),
    ("nl", "de het een van in dit deze dat die zijn haar hun ons onze elke"),
    ("sv", "en ett den det de av i på denna detta sin sitt sina"),
    ("da", "en et den det de af i på denne sin sit"),
    ("no", "en et ei den det de av i på denne sin sitt"),
    (
        "ru",
        "в во на с со по из за от для о об при к ко у до под над через этот эта это эти его ее их",
    ),
    (
        "de",
        "der die das den dem des ein eine einen einem einer eines im am zum zur vom beim in von mit für",
    ),
];
/// What stands in front of verbs.
const BEFORE_VERBS: &[(&str, &str)] = &[
    (
        "en",
        "to will would can could may might must should shall not don't didn't doesn't won't wouldn't can't \
        couldn't i you he she we they who",
    ),
    (
        "fr",
        "a ont est sont été avait avaient était étaient sera seront ne n se s il elle ils elles on nous vous je j qui \
        pour peut doit fait pas",
    ),
    (
        "pt",
        "que não foi foram é são tem têm ter ser se ele ela eles elas eu vai vão está estão já lhe pode deve quem para",
    ),
    (
        "es",
        "que no fue fueron es son ha han haber ser se él ella ellos yo va van está están ya le puede debe quien",
    ),
    ("it", "che non è sono ha hanno è stato stata si lui lei loro io va può deve essere viene chi"),
    ("nl", "te is zijn was waren heeft hebben wordt worden werd niet hij zij ze we ik wie kan"),
    ("sv", "att har hade är var ska kan inte han hon de vi jag som"),
    ("da", "at har havde er var skal kan ikke han hun de vi jeg som"),
    ("no", "å har hadde er var skal kan ikke han hun de vi jeg som"),
    ("ru", "не и он она они мы я кто что который которая был была было были будет"),
];
const PRONOUNS: &str = "he she it they this that these those we i you his her its their but and so";
const FIRST_PERSON: &str = "i we you";
const JOINING: &str = "but and so however";
const SAYING: &str = "said says";
const BE: &str = "is are was were be been being has have had";

static LISTS: LazyLock<Lists> = LazyLock::new(Lists::new);
/// The longest lists there are, by language.
static ISO: LazyLock<HashMap<&'static str, Words>> = LazyLock::new(|| {
    let languages = stop_words::available_languages().iter();
    let list = |lang: &&'static str| {
        let words = stop_words::lookup(lang).unwrap_or_default();
        (*lang, words.iter().copied().collect())
    };
    languages.map(list).collect()
});

struct Lists {
    english: Words,
    arabic: Words,
    japanese: Words,
    chinese: Words,
    urdu: Words,
    measures: Words,
    calendar: Words,
    systems: Words,
    generic: Words,
    be: Words,
    pronouns: Words,
    first_person: Words,
    joining: Words,
    saying: Words,
}

impl Lists {
    fn new() -> Self {
        let list = |words: &'static str| words.split_ascii_whitespace().collect();
        Self {
            english: list(ENGLISH),
            arabic: list(ARABIC),
            japanese: list(JAPANESE),
            chinese: list(CHINESE),
            urdu: list(URDU),
            measures: list(MEASURES),
            calendar: list(CALENDAR),
            systems: list(SYSTEMS),
            generic: list(GENERIC),
            be: list(BE),
            pronouns: list(PRONOUNS),
            first_person: list(FIRST_PERSON),
            joining: list(JOINING),
            saying: list(SAYING),
        }
    }
}

static KNOWN: LazyLock<HashMap<&'static str, OnceLock<Lexicon>>> = LazyLock::new(|| {
    let languages = stop_words::available_languages().iter().copied();
    languages
        .chain(["en", "nb", "nn", "zh", "ja", "ar", "ca"])
        .map(|l| (l, OnceLock::new()))
        .collect()
});
static UNKNOWN: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new("und"));

/// The words of one language.
pub(super) struct Lexicon {
    /// Its subtag; `und` for those of which nothing is known.
    pub(super) lang: String,
    own: StopWords,
    iso: Option<&'static Words>,
    further: Option<&'static Words>,
    inner: Vec<&'static str>,
    determiners: Vec<&'static str>,
    before_verbs: Vec<&'static str>,
    /// Whether the tables of English usage apply.
    pub(super) is_english: bool,
    /// Whether there is a list of words that carry grammar only.
    pub(super) knows_grammar: bool,
    /// Whether articles are written together with the next word.
    pub(super) elides: bool,
}

/// What a word does in a sentence.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks")]
pub struct Roles {
    /// `a`, `the`, `his`.
    pub determiner: bool,
    /// `to`, `will`, `they`.
    pub before_verb: bool,
    /// `is`, `have`.
    pub be: bool,
    /// It points at what was said before, as `he` and `but` do.
    pub pointing: bool,
    /// `I`, `we`, `you`.
    pub first_person: bool,
    /// `but`, `however`.
    pub joining: bool,
    /// `said`, `says`.
    pub saying: bool,
}

impl Lexicon {
    /// Returns that of a language; it is made once.
    pub(super) fn of(lang: Option<&str>) -> &'static Self {
        let lang = lang.map_or_else(String::new, primary);
        match KNOWN.get(lang.as_str()) {
            Some(known) => known.get_or_init(|| Self::new(&lang)),
            None => &UNKNOWN,
        }
    }

    fn new(lang: &str) -> Self {
        let is_english = lang == "en";
        // English has lists of its own; the long one holds "system" and "interest".
        let iso = ISO.get(if matches!(lang, "nb" | "nn") { "no" } else { lang });
        let further = match lang {
            "en" => Some(&LISTS.english),
            "ar" => Some(&LISTS.arabic),
            "ja" => Some(&LISTS.japanese),
            "zh" => Some(&LISTS.chinese),
            "ur" => Some(&LISTS.urdu),
            _ => None,
        };
        let list = |lists: &[(&str, &'static str)]| {
            let words = lists.iter().find(|(of, _)| *of == lang).map_or("", |(_, words)| *words);
            words.split_ascii_whitespace().collect()
        };
        Self {
            lang: lang.to_owned(),
            own: StopWords::of(Some(lang)),
            iso: iso.filter(|_| !is_english),
            further,
            inner: list(INNER),
            determiners: list(DETERMINERS),
            before_verbs: list(BEFORE_VERBS),
            is_english,
            knows_grammar: iso.is_some() || further.is_some(),
            elides: ELIDING.contains(&lang),
        }
    }

    pub(super) fn is_stop(&self, lower: &str) -> bool {
        let lists = [self.iso, self.further];
        self.own.contains(lower)
            || lists.into_iter().flatten().any(|words| words.contains(lower))
            // `a-t-il`, `dit-elle`.
            || (self.lang == "fr" && INVERTED.iter().any(|end| lower.ends_with(end)))
            // Headlines of every language borrow the short ones.
            || (!self.is_english && lower.len() < 4 && StopWords::of(Some("en")).contains(lower))
    }

    pub(super) fn is_inner(&self, lower: &str) -> bool {
        self.inner.contains(&lower)
    }

    /// Returns what a word does; in other languages than English little of it is known.
    pub(super) fn roles(&self, lower: &str) -> Roles {
        let determiner = self.determiners.contains(&lower);
        let before_verb = self.before_verbs.contains(&lower);
        if !self.is_english {
            return Roles { determiner, before_verb, ..Roles::default() };
        }
        let lists = &*LISTS;
        Roles {
            determiner,
            before_verb,
            be: lists.be.contains(lower),
            pointing: lists.pronouns.contains(lower),
            first_person: lists.first_person.contains(lower),
            joining: lists.joining.contains(lower),
            saying: lists.saying.contains(lower),
        }
    }
}

/// What keeps a word out of terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ban {
    /// Of every term.
    Always,
    /// Of every term that is no name: `million`, `miles`.
    Measure,
    /// Of every term, if it is written as the names of days and months are.
    Calendar,
    /// It is no term alone.
    Alone,
}

/// Returns what keeps a word in lower case out of terms.
pub(super) fn ban(lower: &str) -> Option<Ban> {
    let lists = &*LISTS;
    if lower.contains("://") || lower.contains('@') || lists.systems.contains(lower) {
        return Some(Ban::Always);
    }
    if lists.calendar.contains(lower) {
        return Some(Ban::Calendar);
    }
    if lists.measures.contains(lower) {
        return Some(Ban::Measure);
    }
    lists.generic.contains(lower).then_some(Ban::Alone)
}
