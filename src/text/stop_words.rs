//! Words that carry grammar and no subject, in the languages we meet most.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::language::primary;

const ENGLISH: &str = "a about above after again against all also am an and any are aren't as at be \
    because been before being below between both but by can cannot could couldn't did didn't do does \
    doesn't doing don't down during each even ever every few for from further get got had hadn't has \
    hasn't have haven't having he her here hers herself him himself his how however i if in into is \
    isn't it its itself just last let like made make many may me might more most much must my myself \
    new no nor not now of off on once one only or other our ours ourselves out over own per said same \
    say says she should shouldn't since so some still such than that the their theirs them themselves \
    then there these they this those through to too two under until up upon us very via was wasn't we \
    were weren't what when where whether which while who whom whose why will with within without \
    won't would wouldn't yes yet you your yours yourself";
const GERMAN: &str = "ab aber als also am an auch auf aus bei beim bis da damit dann das dass dem den \
    denn der des die dies diese diesem diesen dieser dieses doch dort durch ein eine einem einen einer \
    eines er es etwa für gegen habe haben hat hatte hatten hier hinter ich ihm ihn ihr ihre ihrem ihren \
    ihrer im immer in ins ist ja jede jedem jeden jeder jedes jedoch kann kein keine keinen können man \
    mehr mit muss müssen nach nicht nichts noch nun nur ob oder ohne sei sein seine seinem seinen seiner \
    seit selbst sich sie sind so soll sollen sondern sowie über um und uns unter vom von vor war waren \
    was weil weiter wenn wer werde werden wie wieder will wir wird wo wurde wurden zu zum zur zwischen";
const FRENCH: &str = "à afin ainsi alors après au aucun aussi autre aux avant avec avoir car ce ceci cela \
    celle ceux ces cet cette ci comme comment d dans de depuis des deux donc dont du elle elles en encore \
    entre est et été être eu eux fait font ils il je l la là le les leur leurs lors lui mais même mes moi \
    mon ne ni nos notre nous on ont ou où par pas pendant peu peut plus pour qu quand que quel quelle qui \
    s sa sans se selon sera ses si son sont sous sur ta te tous tout toute toutes très tu un une vers vos \
    votre vous y";
const SPANISH: &str = "a al algo ante antes aquel así aun aunque cada como con contra cual cuando de del desde \
    donde dos durante e el él ella ellos en entre era eran es esa ese eso esta está estaba están este esto \
    estos fue fueron ha había han hasta hay la las le les lo los más me mi mientras muy ni no nos o otra \
    otro para pero poco por porque que qué quien se según ser si sí sido sin sobre son su sus también tan \
    tanto te tiene tienen todo todos tras tu un una uno unos y ya yo";
const PORTUGUESE: &str = "a à ao aos as às até cada com como da das de dela dele depois do dos e é ela elas ele \
    eles em entre era essa esse esta está estão este eu foi foram há isso isto já lhe mais mas me mesmo \
    muito na não nas nem no nos nós num numa o os ou para pela pelas pelo pelos por porque qual quando que \
    quem se sem ser será seu seus só sob sobre sua suas também te tem têm ter um uma você";
const ITALIAN: &str = "a ad agli ai al alla alle anche ancora c che chi ci ciò come con contro cui da dagli dai \
    dal dalla dalle degli dei del della delle dello di dopo dove due e è ed era erano essere fa fra già gli \
    ha hanno i il in io la le lei lo loro ma mi mentre molto ne negli nei nel nella nelle no noi non o ogni \
    per perché però più poi prima quando quanto quella quelle quello questa queste questi questo qui se sei \
    senza si sia sono sopra sotto stata stato su sua sue sui sul sulla sulle suo suoi tra tutti tutto un \
    una uno";
const DUTCH: &str = "aan al alle als altijd ben bij daar dan dat de der deze die dit doch doen door dus een en er \
    ge geen haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon kunnen \
    maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op over reeds te \
    tegen toch toen tot u uit uw van veel voor want waren was wat we wel werd wezen wie wij wil worden wordt \
    zal ze zei zelf zich zij zijn zo zonder zou";
const SWEDISH: &str = "alla allt att av blev bli blir de dem den denna deras det detta dig din dock du där efter ej \
    eller en er ett från för ha hade han hans har hela henne hennes hon honom hur här i icke in inte inom \
    jag ju kan kunde man med mellan men mer mig min mot mycket ni nu någon något några när och om oss på \
    sade sedan sig sin sina sitt ska skulle som så till under upp ut utan vad var vara vi vid vilka vilken \
    är över";
const RUSSIAN: &str = "а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для \
    до его ее если есть еще же за здесь и из или им их к как ко когда кто ли либо мне может мы на надо наш \
    не него нее нет ни них но ну о об однако он она они оно от очень по под после при с со так также такой \
    там те тем то того тоже той только том ты у уже хотя чего чем что чтобы эта эти это я";

/// The words of one language, looked up by hash: every word of every item is asked for.
type Words = LazyLock<HashSet<&'static str>>;

static EN: Words = LazyLock::new(|| ENGLISH.split_ascii_whitespace().collect());
static DE: Words = LazyLock::new(|| GERMAN.split_ascii_whitespace().collect());
static FR: Words = LazyLock::new(|| FRENCH.split_ascii_whitespace().collect());
static ES: Words = LazyLock::new(|| SPANISH.split_ascii_whitespace().collect());
static PT: Words = LazyLock::new(|| PORTUGUESE.split_ascii_whitespace().collect());
static IT: Words = LazyLock::new(|| ITALIAN.split_ascii_whitespace().collect());
static NL: Words = LazyLock::new(|| DUTCH.split_ascii_whitespace().collect());
static SV: Words = LazyLock::new(|| SWEDISH.split_ascii_whitespace().collect());
static RU: Words = LazyLock::new(|| RUSSIAN.split_ascii_whitespace().collect());

/// The stop words of one language.
#[derive(Debug, Clone, Copy)]
pub struct StopWords(Option<&'static HashSet<&'static str>>);

impl StopWords {
    /// Returns those of a language; an unknown language has those of English, which most feeds
    /// that name none are in.
    pub fn of(lang: Option<&str>) -> Self {
        let words: &HashSet<&str> = match lang.map(primary).as_deref() {
            Some("de") => &DE,
            Some("fr") => &FR,
            Some("es" | "ca") => &ES,
            Some("pt") => &PT,
            Some("it") => &IT,
            Some("nl") => &NL,
            Some("sv" | "no" | "nb" | "da") => &SV,
            Some("ru" | "uk" | "bg") => &RU,
            Some("en") | None => &EN,
            Some(_) => return Self(None),
        };
        Self(Some(words))
    }

    /// Returns whether a word in lower case, as written, is one.
    pub fn contains(self, word: &str) -> bool {
        self.0.is_some_and(|words| words.contains(word))
    }
}

/// Returns whether a word in lower case, as written, is a stop word of the language.
pub fn is_stop_word(word: &str, lang: Option<&str>) -> bool {
    StopWords::of(lang).contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own() {
        assert!(is_stop_word("the", Some("en-GB")));
        assert!(is_stop_word("the", None));
        assert!(is_stop_word("für", Some("de")));
        assert!(!is_stop_word("die", Some("en")));
        assert!(!is_stop_word("the", Some("ja")));
    }
}
