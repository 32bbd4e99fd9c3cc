//! Clocks, memory, and what is made of their readings.

use std::time::Duration;

use rustix::param::page_size;
use rustix::time::{ClockId, clock_gettime};

/// Seconds in which the questions to one contender are asked, as far as they can be chosen.
const MOST_SECONDS: f64 = 60.0;
const FEWEST: usize = 20;
const ROUNDS: u32 = 3;

/// Returns what something gives, and the CPU seconds that it takes in this thread.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = read(ClockId::ThreadCPUTime);
    let result = work();
    (result, read(ClockId::ThreadCPUTime) - begun)
}

/// Returns the CPU seconds of this process, all threads together.
pub(crate) fn of_process() -> f64 {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> f64 {
    let time = Duration::try_from(clock_gettime(clock)).expect("the clock does not run backwards");
    time.as_secs_f64()
}

/// Returns the bytes of this process that are in memory.
pub(crate) fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("there is /proc");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    float(pages) * float(page_size())
}

pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a number that is not large"))
}

pub(crate) fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / float(times.len().max(1))
}

/// Returns the time that a share of the times do not pass.
pub(crate) fn quantile(times: &[f64], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * percent / 100).min(sorted.len().max(1) - 1)).copied().unwrap_or(0.0)
}

/// Returns the CPU time of each of several questions: the median of three rounds over them all,
/// so that what one question leaves in the caches is gone when it is asked again. Where an answer
/// takes long, fewer are asked: the first, which are of all kinds.
pub(crate) fn rounds<Q>(questions: &[Q], mut ask: impl FnMut(&Q)) -> Vec<f64> {
    let each =
        f64::from(ROUNDS) * questions.iter().take(4).map(|q| timed(|| ask(q)).1).sum::<f64>() / 4.0;
    let count =
        (1..=questions.len()).take_while(|count| float(*count) * each < MOST_SECONDS).last();
    let (questions, _) = questions.split_at(count.unwrap_or(1).max(FEWEST).min(questions.len()));
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); questions.len()];
    for _ in 0..ROUNDS {
        for (question, times) in questions.iter().zip(&mut times) {
            times.push(timed(|| ask(question)).1);
        }
    }
    times.iter().map(|times| quantile(times, 50)).collect()
}
