//! *People Also Ask*: questions and their answers.
//!
//! Knows marked lists (`Q:`/`A:`, run-on lines included), H3 headings and bare bullets that end
//! in a question mark.

use super::headings::atx;
use super::items::strip_bullet;
use super::lines::Line;
use super::markers::{self, Mark};
use super::prose;
use super::report::{Findings, Place, quoted};
use crate::model::Question;

/// Reads the questions of a section, in order.
pub(super) fn read(lines: &[Line<'_>], findings: &mut Findings) -> Vec<(Place, Question)> {
    let mut reader = Reader { drafts: Vec::new(), orphan: false, findings };
    let marked = lines.iter().any(|line| {
        markers::at_start(bare(&line.text).0).is_some_and(|found| found.mark == Mark::Question)
    });
    for line in lines {
        reader.take(line, marked);
    }
    reader.finish()
}

/// A question with its Markdown, as it is gathered.
struct Draft {
    place: Place,
    question: String,
    /// Whether the question can only go on where its words have not ended.
    heading: bool,
    answer: Option<Vec<String>>,
}

struct Reader<'f> {
    drafts: Vec<Draft>,
    /// Whether the lines belong to an answer without a question, which was refused already.
    orphan: bool,
    findings: &'f mut Findings,
}

impl Reader<'_> {
    fn take(&mut self, line: &Line<'_>, marked: bool) {
        if line.is_blank() {
            self.part();
            return;
        }
        if let Some((3.., text)) = atx(&line.text) {
            let text = markers::at_start(text).map_or_else(|| text.to_owned(), |found| found.rest);
            self.ask(line.place, &text, true);
            return;
        }
        let (text, bulleted) = bare(&line.text);
        let pieces = markers::pieces(text);
        for piece in pieces {
            match piece.mark {
                Some(Mark::Question) => self.ask(line.place, &piece.text, false),
                Some(Mark::Answer) => self.answer(line.place, &piece.text),
                None if !marked && asks(&piece.text, bulleted) => {
                    self.ask(line.place, &piece.text, true);
                }
                None => self.go_on(line.place, &piece.text, bulleted),
            }
        }
    }

    fn ask(&mut self, place: Place, text: &str, heading: bool) {
        self.orphan = false;
        let question = text.trim().to_owned();
        self.drafts.push(Draft { place, question, heading, answer: None });
    }

    fn answer(&mut self, place: Place, text: &str) {
        let text = text.trim().to_owned();
        match self.drafts.last_mut() {
            Some(draft) if !self.orphan => match draft.answer.as_mut() {
                None => draft.answer = Some(vec![text]),
                Some(_) => self.refuse(place, &text),
            },
            _ => self.refuse(place, &text),
        }
    }

    fn refuse(&mut self, place: Place, text: &str) {
        if self.orphan && text.is_empty() {
            return;
        }
        self.orphan = true;
        let message = format!("the answer {} has no question: put `Q:` before it", quoted(text));
        self.findings.refuse_field(place, "people_also_ask", message);
    }

    /// Takes a line without a mark: more of the question, or more of the answer.
    fn go_on(&mut self, place: Place, text: &str, bulleted: bool) {
        if self.orphan {
            return;
        }
        let Some(draft) = self.drafts.last_mut() else {
            self.refuse(place, text);
            return;
        };
        match draft.answer.as_mut() {
            Some(paragraphs) => match paragraphs.last_mut().filter(|_| !bulleted) {
                Some(paragraph) => prose::wrap(paragraph, text),
                None => paragraphs.push(text.trim().to_owned()),
            },
            None if draft.heading || bulleted || is_question(&draft.question) => {
                draft.answer = Some(vec![text.trim().to_owned()]);
            }
            None => prose::wrap(&mut draft.question, text),
        }
    }

    /// Takes an empty line: what follows is another paragraph.
    fn part(&mut self) {
        let Some(draft) = self.drafts.last_mut() else { return };
        match draft.answer.as_mut() {
            Some(paragraphs) => paragraphs.push(String::new()),
            None => draft.heading = true,
        }
    }

    fn finish(self) -> Vec<(Place, Question)> {
        let Self { drafts, findings, .. } = self;
        let mut questions = Vec::new();
        for draft in drafts {
            let question = prose::line(&draft.question, draft.place, findings);
            let paragraphs = draft.answer.unwrap_or_default();
            let answer =
                paragraphs.iter().map(|raw| prose::text(raw, draft.place, findings)).collect();
            let answer = Some(prose::join(answer)).filter(|answer| !answer.is_empty());
            match (question.is_empty(), answer) {
                (false, answer) => questions.push((draft.place, Question { question, answer })),
                (true, None) => {}
                (true, Some(answer)) => {
                    let message = format!("the answer {} has no question", quoted(&answer));
                    findings.refuse_field(draft.place, "people_also_ask", message);
                }
            }
        }
        questions
    }
}

/// Returns a line without its bullet or number, and whether it had one.
fn bare(line: &str) -> (&str, bool) {
    let line = line.trim_start_matches(['>', ' ', '\t']);
    strip_bullet(line).map_or((line, false), |bullet| (bullet.rest, true))
}

/// Returns whether a line without a mark is a question: a bullet or bold, ending in a question
/// mark.
fn asks(text: &str, bulleted: bool) -> bool {
    let bold = text.starts_with("**") || text.starts_with("__");
    (bulleted || bold) && is_question(text)
}

fn is_question(raw: &str) -> bool {
    raw.trim_end_matches(['*', '_', ' ', '"', '”', '»']).ends_with(['?', '？', '؟'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::briefs::lines::split;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let mut findings = Findings::default();
        let found = read(&split(text), &mut findings);
        let found: Vec<_> = found
            .iter()
            .map(|(_, q)| (q.question.as_str(), q.answer.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(found, expected);
        assert!(!findings.refused());
    }

    #[test]
    fn run_on_lines_are_parted() {
        check(
            "- Q: a?\nA: b. - Q: c?\nA: d. – Q: e? A: f.",
            &[("a?", "b."), ("c?", "d."), ("e?", "f.")],
        );
    }

    #[test]
    fn all_spellings_of_the_marks_count() {
        for (q, a) in [
            ("Q:", "A:"),
            ("Q1:", "A1:"),
            ("Question:", "Answer:"),
            ("question 2:", "answer 2:"),
            ("Q：", "A："),
            ("Ｑ：", "Ａ："),
            ("**Q:**", "**A:**"),
            ("**Q**:", "**A**:"),
            ("- Q:", "- A:"),
            ("1. Q:", "A:"),
            ("• **Q1:**", "**A1:**"),
        ] {
            check(&format!("{q} a?\n{a} b."), &[("a?", "b.")]);
        }
        check("**Q: a?**\nA: b", &[("a?", "b")]);
    }

    #[test]
    fn headings_and_bare_questions_count() {
        check("### a?\nb\nc\n### d", &[("a?", "b c"), ("d", "-")]);
        check("### Q: a\nA: b", &[("a", "b")]);
        check("- a?\n  b.\n- c?", &[("a?", "b."), ("c?", "-")]);
        check("**a?**\nb.", &[("a?", "b.")]);
        check("1. a?\nA: b.", &[("a?", "b.")]);
    }

    #[test]
    fn wrapped_lines_go_on_and_paragraphs_survive() {
        check("Q: a\nb?\nA: c\nd\n\n  e\n\nQ: f?", &[("a b?", "c d\n\ne"), ("f?", "-")]);
        check("Q: a?\nb.", &[("a?", "b.")]);
    }

    #[test]
    fn a_mark_inside_a_sentence_is_text() {
        check("Q: a?\nA: see Q: b and A: c", &[("a?", "see Q: b and A: c")]);
        check("Q: FAQ: a?\nA: b", &[("FAQ: a?", "b")]);
    }

    #[test]
    fn an_answer_without_a_question_is_refused() {
        for (text, line) in [("A: b", 1), ("Q: a?\nA: b\nA: c", 3), ("text", 1)] {
            let mut findings = Findings::default();
            read(&split(text), &mut findings);
            let report = findings.into_report(None);
            assert_eq!(report.errors.len(), 1, "{text}");
            assert_eq!(report.errors[0].line, line, "{text}");
        }
    }
}
