//! Authors, contributors and publishers, in the forms `a@b.example (Name)`, `Name <a@b>` and
//! Atom's person construct (RFC 4287 3.2).

use super::tree::{Element, resolve};
use crate::model::Person;

/// Names and addresses are one line; longer ones are somebody's mistake.
const MAX_BYTES: usize = 512;

/// Returns the person that an element describes.
pub(super) fn person(element: &Element) -> Option<Person> {
    let is_construct = element.elements().next().is_some();
    if !is_construct {
        return from_line(&element.text());
    }
    let part = |names: &[&str]| {
        let child = element.elements().find(|child| names.contains(&child.name.as_str()))?;
        child.some_text().map(|text| line(&text))
    };
    let address = element
        .elements()
        .find(|child| matches!(child.name.as_str(), "uri" | "url" | "homepage"))
        .and_then(|child| resolve(&child.text(), child.base.as_deref()));
    let email = part(&["email", "itunes:email"]);
    let named = part(&["name", "itunes:name"]).and_then(|name| from_line(&name));
    let mut person = named.unwrap_or_default();
    person.email = email.or(person.email);
    person.url = address;
    // Some write the name straight into the element, beside an e-mail address.
    if person == Person::default() {
        return from_line(&element.text());
    }
    Some(person)
}

/// Returns the person that a line names.
pub(super) fn from_line(text: &str) -> Option<Person> {
    let text = line(text);
    let email = text
        .split(|c: char| c.is_whitespace() || "()<>[],;:\"".contains(c))
        .find(|word| is_email(word))
        .map(str::to_owned);
    let name = match &email {
        Some(email) => text.replacen(email.as_str(), "", 1),
        None => text,
    };
    let name = name.replace("mailto:", "").replace("()", "").replace("<>", "").replace("[]", "");
    let name = name.trim().trim_start_matches('(').trim_end_matches(')').trim();
    let name = unquoted(name.trim_matches([',', ';', ' ']));
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    (name.is_some() || email.is_some()).then_some(Person { name, email, url: None })
}

/// Returns what stands between quotation marks if they are around all of a name (RFC 5322 3.2.4).
fn unquoted(name: &str) -> &str {
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(name).trim()
}

fn is_email(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
}

fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.get(..line.floor_char_boundary(MAX_BYTES)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, email: &str) {
        let person = from_line(text).unwrap_or_default();
        let shown = (person.name.unwrap_or_default(), person.email.unwrap_or_default());
        assert_eq!(shown, (name.to_owned(), email.to_owned()));
    }

    #[test]
    fn names_and_addresses_are_told_apart() {
        check("jo@example.org (Jo Doe)", "Jo Doe", "jo@example.org");
        check("Jo Doe <jo@example.org>", "Jo Doe", "jo@example.org");
        check("Jo Doe (jo@example.org)", "Jo Doe", "jo@example.org");
        check("mailto:jo@example.org", "", "jo@example.org");
        check("jo@example.org", "", "jo@example.org");
        check(" Jo\n Doe ", "Jo Doe", "");
        check("@jo", "@jo", "");
        check("\"Doe, Jo\" <jo@example.org>", "Doe, Jo", "jo@example.org");
        check("\"Tides\" group;Jo;", "\"Tides\" group;Jo", "");
        check("", "", "");
    }

    #[test]
    fn a_dash_behind_an_address_is_no_end() {
        check("a@b.co\u{2014}Jo", "a@b.co\u{2014}Jo", "");
    }
}
