//! Words that are numbers, by language.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::fold;

/// Words that are numbers, and what each is worth; `one` is an article in most languages.
const WORDS: &[(&str, &str)] = &[
    (
        "en",
        "two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 fourteen=14 \
        fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 fifty=50 sixty=60 \
        seventy=70 eighty=80 ninety=90 dozen=12 dozens=12",
    ),
    (
        "de",
        "zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 zwölf=12 dreizehn=13 vierzehn=14 \
        fünfzehn=15 sechzehn=16 siebzehn=17 achtzehn=18 neunzehn=19 zwanzig=20 dreißig=30 vierzig=40 fünfzig=50 \
        sechzig=60 siebzig=70 achtzig=80 neunzig=90 dutzend=12 dutzende=12 dutzenden=12",
    ),
    (
        "fr",
        "deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 dix=10 onze=11 douze=12 treize=13 quatorze=14 quinze=15 \
        seize=16 vingt=20 vingts=20 trente=30 quarante=40 cinquante=50 soixante=60 septante=70 huitante=80 nonante=90 \
        douzaine=12 douzaines=12",
    ),
    (
        "es",
        "dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 trece=13 catorce=14 \
        quince=15 dieciséis=16 diecisiete=17 dieciocho=18 diecinueve=19 veinte=20 veintiuno=21 veintidós=22 \
        veintitrés=23 veinticuatro=24 veinticinco=25 veintiséis=26 veintisiete=27 veintiocho=28 veintinueve=29 \
        treinta=30 cuarenta=40 cincuenta=50 sesenta=60 setenta=70 ochenta=80 noventa=90 docena=12 docenas=12 \
        doscientos=200 doscientas=200 trescientos=300 trescientas=300 cuatrocientos=400 quinientos=500 quinientas=500 \
        seiscientos=600 setecientos=700 ochocientos=800 novecientos=900",
    ),
    (
        "pt",
        "dois=2 duas=2 três=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11 doze=12 treze=13 catorze=14 \
        quatorze=14 quinze=15 dezesseis=16 dezasseis=16 dezessete=17 dezassete=17 dezoito=18 dezenove=19 dezanove=19 \
        vinte=20 trinta=30 quarenta=40 cinquenta=50 sessenta=60 setenta=70 oitenta=80 noventa=90 dúzia=12 dúzias=12 \
        duzentos=200 duzentas=200 trezentos=300 quatrocentos=400 quinhentos=500 seiscentos=600 setecentos=700 \
        oitocentos=800 novecentos=900",
    ),
    (
        "it",
        "due=2 tre=3 quattro=4 cinque=5 sei=6 sette=7 otto=8 nove=9 dieci=10 undici=11 dodici=12 tredici=13 \
        quattordici=14 quindici=15 sedici=16 diciassette=17 diciotto=18 diciannove=19 venti=20 vent=20 trenta=30 \
        quaranta=40 cinquanta=50 sessanta=60 settanta=70 ottanta=80 novanta=90 dozzina=12 dozzine=12",
    ),
    (
        "nl",
        "twee=2 drie=3 vier=4 vijf=5 zes=6 zeven=7 acht=8 negen=9 tien=10 elf=11 twaalf=12 dertien=13 veertien=14 \
        vijftien=15 zestien=16 zeventien=17 achttien=18 negentien=19 twintig=20 dertig=30 veertig=40 vijftig=50 \
        zestig=60 zeventig=70 tachtig=80 negentig=90 dozijn=12 tientallen=10",
    ),
    (
        "ru",
        "два=2 две=2 двух=2 двум=2 двумя=2 три=3 трёх=3 трем=3 тремя=3 четыре=4 четырёх=4 четырем=4 четырьмя=4 пять=5 \
        пяти=5 пятью=5 шесть=6 шести=6 семь=7 семи=7 восемь=8 восьми=8 девять=9 девяти=9 десять=10 десяти=10 \
        одиннадцать=11 двенадцать=12 двенадцати=12 тринадцать=13 четырнадцать=14 пятнадцать=15 пятнадцати=15 \
        шестнадцать=16 семнадцать=17 восемнадцать=18 девятнадцать=19 двадцать=20 двадцати=20 тридцать=30 тридцати=30 \
        сорок=40 сорока=40 пятьдесят=50 пятидесяти=50 шестьдесят=60 шестидесяти=60 семьдесят=70 семидесяти=70 \
        восемьдесят=80 девяносто=90 двести=200 двухсот=200 триста=300 трехсот=300 четыреста=400 пятьсот=500 \
        шестьсот=600 семьсот=700 восемьсот=800 девятьсот=900 дюжина=12",
    ),
    (
        "sv",
        "två=2 tre=3 fyra=4 fem=5 sex=6 sju=7 åtta=8 nio=9 tio=10 elva=11 tolv=12 tretton=13 fjorton=14 femton=15 \
        sexton=16 sjutton=17 arton=18 nitton=19 tjugo=20 trettio=30 fyrtio=40 femtio=50 sextio=60 sjuttio=70 \
        åttio=80 nittio=90 dussin=12",
    ),
];
/// Words that multiply what stands before them, and how many noughts they are.
const SCALES: &[(&str, &str)] = &[
    (
        "en",
        "hundred=2 hundreds=2 thousand=3 thousands=3 million=6 millions=6 mn=6 billion=9 billions=9 bn=9 trillion=12 \
        trillions=12 tn=12",
    ),
    (
        "de",
        "hundert=2 hunderte=2 hunderten=2 tausend=3 tausende=3 tausenden=3 million=6 millionen=6 mio=6 milliarde=9 \
        milliarden=9 mrd=9 billion=12 billionen=12",
    ),
    (
        "fr",
        "cent=2 cents=2 centaine=2 centaines=2 mille=3 millier=3 milliers=3 million=6 millions=6 milliard=9 \
        milliards=9",
    ),
    (
        "es",
        "cien=2 ciento=2 cientos=2 centenares=2 mil=3 miles=3 millón=6 millones=6 billón=12 billones=12",
    ),
    (
        "pt",
        "cem=2 cento=2 centenas=2 mil=3 milhares=3 milhão=6 milhões=6 bilhão=9 bilhões=9 trilhão=12 trilhões=12",
    ),
    (
        "it",
        "cento=2 centinaia=2 mille=3 mila=3 migliaia=3 milione=6 milioni=6 mln=6 miliardo=9 miliardi=9 mld=9",
    ),
    (
        "nl",
        "honderd=2 honderden=2 duizend=3 duizenden=3 miljoen=6 miljoenen=6 miljard=9 miljarden=9",
    ),
    (
        "ru",
        "сто=2 ста=2 сотен=2 сотни=2 тысяча=3 тысячи=3 тысяч=3 тысячам=3 тыс=3 миллион=6 миллиона=6 миллионов=6 \
        миллионы=6 млн=6 миллиард=9 миллиарда=9 миллиардов=9 миллиарды=9 млрд=9 триллион=12 триллиона=12 \
        триллионов=12 трлн=12",
    ),
    (
        "sv",
        "hundra=2 hundratals=2 tusen=3 tusentals=3 miljon=6 miljoner=6 mn=6 miljard=9 miljarder=9 mdr=9",
    ),
];
/// What the folded words of a language are worth.
pub(super) type Table = HashMap<String, Worth>;

/// By language.
type Tables = HashMap<&'static str, Table>;

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let entries = |list: &'static str| {
        list.split_ascii_whitespace().filter_map(|entry| {
            let (word, worth) = entry.split_once('=')?;
            Some((fold(word), worth.parse::<u32>().ok()?))
        })
    };
    let mut tables: Tables = HashMap::new();
    for (lang, list) in WORDS {
        let plain = entries(list).map(|(word, value)| (word, Worth::Plain(value.into())));
        tables.entry(*lang).or_default().extend(plain);
    }
    for (lang, list) in SCALES {
        let scales = entries(list).map(|(word, noughts)| (word, Worth::Scale(noughts)));
        tables.entry(*lang).or_default().extend(scales);
    }
    tables
});

/// What a word is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// A number of its own.
    Plain(u64),
    /// It adds so many noughts to the number before it.
    Scale(u32),
}

/// Returns the number words of a language, a primary subtag, if they are known.
pub(super) fn number_words(lang: &str) -> Option<&'static Table> {
    TABLES.get(lang)
}
