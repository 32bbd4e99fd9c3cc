//! What stands where an article should: a consent form, a paywall, a bar to programs.
//!
//! Phrases, in the ten languages of most sources. They are asked of short texts only, so an
//! article about cookies is still one.

/// What stands in front of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wall {
    /// Cookies first.
    Consent,
    /// Money or an account first.
    Paywall,
    /// Scripts, or a proof of a person, first.
    Bar,
}

/// Returns the wall that a text speaks of.
pub(super) fn spoken(text: &str) -> Option<Wall> {
    let text = normal(text);
    let speaks = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if speaks(PAYWALL) || speaks(LOGIN) {
        return Some(Wall::Paywall);
    }
    if speaks(BAR) {
        return Some(Wall::Bar);
    }
    speaks(CONSENT).then_some(Wall::Consent)
}

/// Returns whether a page says, anywhere, that there is more for those who pay.
pub(super) fn asks_for_money(page: &str) -> bool {
    let page = normal(page);
    PAYWALL.iter().any(|phrase| page.contains(phrase))
}

/// Returns a text in lower case on one line, its apostrophes straight.
fn normal(text: &str) -> String {
    let text = text.to_lowercase().replace(['’', '‘', 'ʼ'], "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Said by a wall alone.
const PAYWALL: &[&str] = &[
    // English
    "subscribe to continue",
    "subscribe to read",
    "subscribe to unlock",
    "subscribe now to keep reading",
    "to continue reading",
    "continue reading with a subscription",
    "this article is for subscribers",
    "this content is for subscribers",
    "this story is for subscribers",
    "this post is for paid subscribers",
    "exclusively for subscribers",
    "available to subscribers only",
    "unlock this article",
    "limit of free articles",
    "become a member to read",
    "register to continue",
    "log in to continue",
    "sign in to continue",
    // German
    "jetzt weiterlesen",
    "um weiterzulesen",
    "abonnieren, um",
    "exklusiv für abonnenten",
    "nur für abonnenten",
    "diesen artikel freischalten",
    "artikel mit plus-abo",
    "lesen sie den ganzen artikel mit",
    // French
    "réservé aux abonnés",
    "réservée aux abonnés",
    "pour lire la suite",
    "abonnez-vous pour",
    "il vous reste à lire",
    "débloquez cet article",
    // Spanish
    "solo para suscriptores",
    "exclusivo para suscriptores",
    "suscríbete para seguir leyendo",
    "suscríbase para seguir",
    "para seguir leyendo",
    "contenido exclusivo para",
    // Italian
    "riservato agli abbonati",
    "abbonati per continuare",
    "per continuare a leggere",
    "contenuto riservato",
    "sblocca questo articolo",
    // Dutch
    "alleen voor abonnees",
    "exclusief voor abonnees",
    "om verder te lezen",
    "abonneer je om",
    "lees verder met een abonnement",
    // Portuguese
    "exclusivo para assinantes",
    "só para assinantes",
    "assine para continuar",
    "para continuar a ler",
    "para continuar lendo",
    "conteúdo exclusivo para",
    // Polish
    "tylko dla subskrybentów",
    "dla prenumeratorów",
    "aby czytać dalej",
    "czytaj dalej z subskrypcją",
    "wykup dostęp",
    "dostęp do tego artykułu",
    // Swedish
    "endast för prenumeranter",
    "för att läsa vidare",
    "för att fortsätta läsa",
    "prenumerera för att",
    "lås upp artikeln",
];

/// Said by a wall, and by the head of many a page.
const LOGIN: &[&str] = &[
    "already a subscriber",
    "already have a subscription",
    "already a member",
    "start your free trial",
    "sign in to read",
    "create a free account",
    "bereits abonnent",
    "schon abonnent",
    "bereits registriert",
    "jetzt anmelden und weiterlesen",
    "déjà abonné",
    "identifiez-vous",
    "ya eres suscriptor",
    "¿ya tienes cuenta",
    "inicia sesión para",
    "sei già abbonato",
    "hai già un abbonamento",
    "accedi per",
    "al abonnee",
    "heb je al een abonnement",
    "já é assinante",
    "faça login para",
    "inicie sessão para",
    "masz już subskrypcję",
    "masz już konto",
    "zaloguj się, aby",
    "redan prenumerant",
    "logga in för att",
];

const CONSENT: &[&str] = &[
    // English
    "we value your privacy",
    "we care about your privacy",
    "accept all cookies",
    "we and our partners",
    "consent to the use of cookies",
    "manage your cookie",
    "before you continue to",
    // German
    "wir schätzen ihre privatsphäre",
    "ihre privatsphäre ist uns wichtig",
    "alle cookies akzeptieren",
    "wir und unsere partner",
    "wir und unsere drittanbieter",
    "zustimmen und weiter",
    "mit werbung weiterlesen",
    "mit werbung und cookies",
    // French
    "nous respectons votre vie privée",
    "votre vie privée est importante",
    "accepter tous les cookies",
    "continuer sans accepter",
    "nous et nos partenaires",
    "accepter et continuer",
    // Spanish
    "valoramos tu privacidad",
    "valoramos su privacidad",
    "tu privacidad es importante",
    "aceptar todas las cookies",
    "nosotros y nuestros socios",
    "aceptar y continuar",
    "rechazar y suscribirse",
    // Italian
    "diamo valore alla tua privacy",
    "rispettiamo la tua privacy",
    "accetta tutti i cookie",
    "noi e i nostri partner",
    "continua senza accettare",
    "rifiuta e abbonati",
    // Dutch
    "wij waarderen uw privacy",
    "we waarderen je privacy",
    "wij respecteren uw privacy",
    "alle cookies accepteren",
    "wij en onze partners",
    "akkoord met cookies",
    // Portuguese
    "valorizamos a sua privacidade",
    "aceitar todos os cookies",
    "nós e os nossos parceiros",
    "nós e nossos parceiros",
    "aceitar e continuar",
    // Polish
    "cenimy twoją prywatność",
    "szanujemy twoją prywatność",
    "zaakceptuj wszystkie",
    "akceptuję wszystkie",
    "my i nasi partnerzy",
    "przejdź do serwisu",
    // Swedish
    "vi värnar om din integritet",
    "vi värdesätter din integritet",
    "acceptera alla cookies",
    "godkänn alla cookies",
    "vi och våra partner",
];

const BAR: &[&str] = &[
    // English
    "enable javascript",
    "turn on javascript",
    "javascript is disabled",
    "javascript is required",
    "are you a robot",
    "not a robot",
    "verify you are human",
    "verifying you are human",
    "checking your browser",
    "unusual traffic",
    "disable your ad blocker",
    // German
    "javascript aktivieren",
    "aktivieren sie javascript",
    "kein roboter",
    "adblocker deaktivieren",
    "werbeblocker deaktivieren",
    // French
    "activer javascript",
    "activez javascript",
    "un robot ?",
    "pas un robot",
    "désactiver votre bloqueur",
    // Spanish
    "habilitar javascript",
    "habilita javascript",
    "active javascript",
    "activa javascript",
    "no soy un robot",
    "no eres un robot",
    // Italian
    "abilita javascript",
    "abilitare javascript",
    "attiva javascript",
    "non sono un robot",
    "non sei un robot",
    // Dutch
    "javascript in te schakelen",
    "schakel javascript in",
    "javascript inschakelen",
    "geen robot",
    // Portuguese
    "ative o javascript",
    "ativar o javascript",
    "habilite o javascript",
    "não sou um robô",
    "não é um robô",
    // Polish
    "włącz javascript",
    "włącz obsługę javascript",
    "nie jestem robotem",
    "nie jesteś robotem",
    // Swedish
    "aktivera javascript",
    "slå på javascript",
    "inte en robot",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Wall>) {
        assert_eq!(spoken(text), expected, "{text}");
    }

    #[test]
    fn walls_are_known_by_what_they_say() {
        check("Subscribe\nto continue  reading.", Some(Wall::Paywall));
        check("Vous êtes déjà abonné ? L’article est réservé aux abonnés.", Some(Wall::Paywall));
        check("Wir schätzen Ihre Privatsphäre", Some(Wall::Consent));
        check("Cenimy Twoją prywatność", Some(Wall::Consent));
        check("Please enable JavaScript and reload.", Some(Wall::Bar));
        check("Czytaj dalej: włącz JavaScript", Some(Wall::Bar));
        check("The council voted on Tuesday.", None);
        check("", None);
    }

    #[test]
    fn the_head_of_a_page_is_no_wall() {
        assert!(!asks_for_money(
            "News Sport. Already a subscriber? Log in. We value your privacy."
        ));
        assert!(asks_for_money("… PARA SEGUIR LEYENDO, suscríbete"));
    }

    #[test]
    fn the_phrases_are_written_as_texts_are_compared() {
        for phrase in [PAYWALL, LOGIN, CONSENT, BAR].concat() {
            assert_eq!(normal(phrase), phrase);
        }
    }
}
