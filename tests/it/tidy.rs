//! Holds `src/` to ARCHITECTURE.md's `layers` block and to STYLE.md's size limits, so that the
//! architecture is checked, not remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MAX_CODE_LINES: usize = 450;

/// What touches the world: none of it stands in a pure module.
const IMPURE: &[&str] = &[
    "async ",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "Utc::now",
    "tokio::",
    "tracing::",
    "reqwest::",
    "sled::",
    "axum::",
    "File::open",
    "std::io::stdin",
    "std::io::stdout",
    "println!",
    "eprintln!",
];

/// The `layers` block of ARCHITECTURE.md.
#[derive(Debug, Default)]
struct Layers {
    /// In pipeline order.
    modules: Vec<String>,
    may_name: BTreeMap<String, BTreeSet<String>>,
    pure: BTreeSet<String>,
    homes: BTreeMap<String, BTreeSet<String>>,
}

impl Layers {
    fn read(architecture: &str) -> Self {
        let block = architecture
            .split_once("```layers\n")
            .and_then(|(_, rest)| rest.split_once("\n```"))
            .expect("ARCHITECTURE.md has a fenced `layers` block")
            .0;
        let mut layers = Self::default();
        for line in block.lines().filter(|line| !line.trim().is_empty()) {
            let (name, words) = line.split_once(':').expect("`name: words`");
            let words: BTreeSet<String> = words.split_whitespace().map(str::to_owned).collect();
            match name.split_once(' ') {
                Some(("home", outside)) => {
                    layers.homes.insert(outside.to_owned(), words);
                }
                _ if name == "pure" => layers.pure = words,
                _ => {
                    layers.modules.push(name.to_owned());
                    layers.may_name.insert(name.to_owned(), words);
                }
            }
        }
        layers
    }
}

/// One source file, its tests and comments taken off.
struct Source {
    path: PathBuf,
    module: String,
    code: String,
}

impl Source {
    fn new(path: PathBuf, text: &str) -> Self {
        let mut parts = path.components().map(|c| c.as_os_str().to_string_lossy().into_owned());
        let module = parts.next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        Self { path, module, code: code_of(text) }
    }

    fn lines(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }
}

/// Returns the code above the tests, without comments and without the text of strings.
fn code_of(text: &str) -> String {
    let above = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::new();
    for line in above.lines() {
        let mut in_string = false;
        let mut characters = line.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '\\' if in_string => {
                    characters.next();
                }
                '"' => {
                    in_string = !in_string;
                    code.push('"');
                }
                '/' if !in_string && characters.peek() == Some(&'/') => break,
                _ if in_string => {}
                _ => code.push(c),
            }
        }
        code.push('\n');
    }
    code
}

/// Returns the modules of this crate that the code names.
fn named(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let list = match rest.strip_prefix('{') {
            Some(group) => group.split_once('}').map_or(group, |(inside, _)| inside),
            None => rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or(""),
        };
        for name in list.split(',') {
            let name = name.trim().split("::").next().unwrap_or_default();
            if !name.is_empty() {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

fn names_crate(code: &str, outside: &str) -> bool {
    code.match_indices(outside).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let inside_a_word =
            before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '.');
        let after = &code[at + outside.len()..];
        !inside_a_word && (after.starts_with("::") || after.starts_with(';'))
    })
}

/// Returns every way in which `sources` break the rules, one line each.
fn faults(layers: &Layers, sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let at = source.path.display();
        let lines = source.lines();
        if lines > MAX_CODE_LINES {
            faults.push(format!("{at}: {lines} lines of code, at most {MAX_CODE_LINES}"));
        }
        let stem = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if ["util", "helper", "misc", "common", "part2"].iter().any(|bad| stem.contains(bad)) {
            faults.push(format!("{at}: `{stem}` is a duty not yet found"));
        }
        for (bad, why) in [
            ("super::super::", "name the module from `crate`"),
            ("::*;", "globs only in tests"),
            ("allow(dead_code", "delete it"),
        ] {
            if source.code.contains(bad) {
                faults.push(format!("{at}: `{bad}`: {why}"));
            }
        }
        if stem != "mod" && stem != "lib" && source.code.contains("\npub use ") {
            faults.push(format!("{at}: re-exports stand in a folder's mod.rs"));
        }
        faults.extend(layer_faults(layers, source));
    }
    faults
}

fn layer_faults(layers: &Layers, source: &Source) -> Vec<String> {
    let at = source.path.display();
    let mut faults = Vec::new();
    if matches!(source.module.as_str(), "lib" | "main") {
        return faults;
    }
    let Some(allowed) = layers.may_name.get(&source.module) else {
        return vec![format!("{at}: module `{}` is not in the layers block", source.module)];
    };
    for name in named(&source.code) {
        if name != source.module && !allowed.contains(&name) {
            faults.push(format!("{at}: {} may not name {name}", source.module));
        }
    }
    for (outside, homes) in &layers.homes {
        if !homes.contains(&source.module) && names_crate(&source.code, outside) {
            faults.push(format!("{at}: {outside} has its home in {homes:?}"));
        }
    }
    if layers.pure.contains(&source.module) {
        for bad in IMPURE.iter().filter(|bad| source.code.contains(*bad)) {
            faults.push(format!("{at}: `{bad}` in the pure module {}", source.module));
        }
    }
    faults
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources_under(folder: &Path, sources: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources_under(&path, sources);
        } else if path.extension().is_some_and(|e| e == "rs") && !is_test_only(&path) {
            let text = fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(root().join("src")).unwrap().to_owned();
            sources.push(Source::new(relative, &text));
        }
    }
}

/// Returns whether a file is a test module of its own (`#[cfg(test)] mod NAME;` in its folder).
fn is_test_only(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let parent = fs::read_to_string(path.with_file_name("mod.rs")).unwrap_or_default();
    parent.contains(&format!("#[cfg(test)]\nmod {stem};"))
}

#[test]
fn the_sources_keep_to_the_layers_and_the_size_limits() {
    let layers = Layers::read(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    let mut sources = Vec::new();
    sources_under(&root().join("src"), &mut sources);
    assert!(sources.len() > 5, "found the sources");
    let faults = faults(&layers, &sources);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn lib_rs_lists_the_modules_in_pipeline_order() {
    let layers = Layers::read(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let listed: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .map(|name| name.trim_end_matches(';'))
        .collect();
    assert_eq!(listed, layers.modules);
}

#[test]
fn a_breach_of_each_rule_is_found() {
    let layers = Layers::read(
        "```layers\nmodel:\nparse: model\nserve: model\npure: model parse\nhome feed_rs: parse\n```\n",
    );
    let found = |path: &str, text: &str| {
        faults(&layers, &[Source::new(PathBuf::from(path), text)]).join("\n")
    };
    assert_eq!(found("parse/mod.rs", "use crate::model::Item;\nuse feed_rs::parser;\n"), "");
    assert!(found("parse/mod.rs", "use crate::serve::Page;\n").contains("may not name serve"));
    assert!(found("parse/mod.rs", "use crate::{model, serve};\n").contains("may not name serve"));
    assert!(found("serve/mod.rs", "fn f() { feed_rs::parser::parse() }\n").contains("its home"));
    assert!(found("parse/mod.rs", "fn f() { let t = SystemTime::now(); }\n").contains("pure"));
    assert!(found("parse/utils.rs", "").contains("a duty not yet found"));
    assert!(found("parse/mod.rs", "use std::collections::*;\n").contains("globs"));
    assert!(found("parse/mod.rs", &"let x = 1;\n".repeat(451)).contains("451 lines"));
    assert!(found("stray.rs", "").contains("not in the layers block"));
    assert_eq!(found("parse/mod.rs", "// crate::serve\nlet x = \"crate::serve\";\n"), "");
    let tests =
        "let a = 1;\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::serve;\n}\n";
    assert_eq!(found("parse/mod.rs", tests), "");
}

#[test]
fn a_reload_knows_every_key_of_the_configuration() {
    let documented = fs::read_to_string(root().join("config/briefwire.toml")).unwrap();
    let known = fs::read_to_string(root().join("src/daemon/reload.rs")).unwrap();
    let mut section = String::new();
    let mut keys = 0;
    for line in documented.lines() {
        let line = line.trim_start_matches("# ");
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']).to_owned();
            continue;
        }
        let Some((key, _)) = line.split_once(" = ") else { continue };
        let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        // An id is what the others hang on; single modules have no names of their own here.
        if !is_key || key == "id" || section == "log.modules" {
            continue;
        }
        let name = match section.as_str() {
            "source" | "channel" => format!("(\"{key}\", "),
            _ => format!("\"{section}.{key}\""),
        };
        keys += 1;
        assert!(known.contains(&name), "reload.rs does not compare {name} of [{section}]");
    }
    assert!(keys > 30, "found {keys} keys");
}
