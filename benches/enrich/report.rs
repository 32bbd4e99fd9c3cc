//! The fitted weights as source text.

use std::fmt::Write;

use briefwire::enrich::Traits;

use crate::terms::Profile;

pub(crate) fn source(profiles: &[Profile], salience: &Traits) -> String {
    let mut text = String::from(
        "//! Written by `cargo bench --bench enrich`; do not edit.\n\nuse super::Weights;\nuse crate::enrich::salience::TRAITS;\n",
    );
    for Profile { name, fit } in profiles {
        writeln!(text, "\n#[rustfmt::skip]\npub(super) static {name}: Weights = Weights {{")
            .expect("text");
        writeln!(text, "    bias: {:.4},\n    linear: [", fit.bias).expect("text");
        row(&mut text, &fit.linear);
        writeln!(text, "    ],\n    steps: [").expect("text");
        for steps in &fit.steps {
            let steps: Vec<String> =
                steps.iter().map(|(t, w)| format!("({t:.4}, {w:.4})")).collect();
            writeln!(text, "        &[{}],", steps.join(", ")).expect("text");
        }
        writeln!(text, "    ],\n}};").expect("text");
    }
    writeln!(text, "\n#[rustfmt::skip]\npub(super) static SALIENCE: [f64; TRAITS] = [")
        .expect("text");
    row(&mut text, salience);
    text.push_str("];\n");
    text
}

fn row(text: &mut String, values: &[f64]) {
    for chunk in values.chunks(8) {
        let chunk: Vec<String> = chunk.iter().map(|value| format!("{value:.4}")).collect();
        writeln!(text, "        {},", chunk.join(", ")).expect("text");
    }
}
