//! Articles a second, of one core.

use crate::contenders::{self, Contender};
use crate::corpus::{Article, SETS};
use crate::measure::{float, quantile, timed};

/// Rounds that count; one more before them warms up.
const ROUNDS: usize = 9;

/// A contender, and the CPU seconds of each round over each of [`SETS`].
struct Run {
    contender: Contender,
    times: Vec<[f64; SETS.len()]>,
}

/// Measures the contenders, or the one of a name, and prints what they cost.
pub(crate) fn compare(articles: &[Article], only: Option<&str>) -> anyhow::Result<()> {
    let wanted = |contender: &Contender| only.is_none_or(|only| only == contender.name);
    let contenders = contenders::all()?.into_iter().filter(wanted);
    let mut runs: Vec<Run> =
        contenders.map(|contender| Run { contender, times: Vec::new() }).collect();
    anyhow::ensure!(!runs.is_empty(), "no contender is called `{}`", only.unwrap_or_default());
    let sets = SETS.map(|set| articles.iter().filter(|a| a.set == set).collect::<Vec<_>>());
    for round in 0..=ROUNDS {
        for run in &mut runs {
            let times = sets.each_ref().map(|set| over(set, &run.contender));
            if round > 0 {
                run.times.push(times);
            }
        }
    }
    print_all(&runs, articles);
    print_sets(&runs, &sets);
    Ok(())
}

fn over(articles: &[&Article], contender: &Contender) -> f64 {
    timed(|| articles.iter().for_each(|article| (contender.run)(article))).1
}

fn print_all(runs: &[Run], articles: &[Article]) {
    let count = float(articles.len());
    let words = articles.iter().map(Article::words).sum();
    println!(
        "{count} articles of {:.0} words in the mean; CPU time of one thread, {ROUNDS} rounds",
        float(words) / count
    );
    println!(
        "  {:20} {:18} {:>10} {:>15} {:>11} {:>17}",
        "", "makes", "articles/s", "of the rounds", "ms/article", "briefwire / it"
    );
    let mut own = None;
    for run in runs {
        let times: Vec<f64> = run.times.iter().map(|times| times.iter().sum()).collect();
        let [fastest, median, slowest] =
            [0, 50, 100].map(|percent| count / quantile(&times, percent));
        let own = *own.get_or_insert(median);
        println!(
            "  {:20} {:18} {median:10.0} {:>15} {:11.3} {:15.2} x",
            run.contender.name,
            run.contender.makes,
            format!("{slowest:.0} to {fastest:.0}"),
            1e3 / median,
            own / median
        );
    }
}

/// Prints the articles a second of each set: the longer they are, the more is compared in them.
fn print_sets(runs: &[Run], sets: &[Vec<&Article>; SETS.len()]) {
    print!("\n  {:10} {:>8} {:>6}", "articles/s", "articles", "words");
    for run in runs {
        print!(" {:>20}", run.contender.name);
    }
    println!();
    for (at, (name, articles)) in SETS.into_iter().zip(sets).enumerate() {
        let count = float(articles.len());
        let words = articles.iter().map(|article| article.words()).sum();
        print!("  {name:10} {count:8} {:6.0}", float(words) / count);
        for run in runs {
            let times: Vec<f64> =
                run.times.iter().filter_map(|times| times.get(at).copied()).collect();
            print!(" {:20.0}", count / quantile(&times, 50));
        }
        println!();
    }
}
