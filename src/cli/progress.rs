//! Progress bars on the standard error, where somebody sees them. Counts nothing itself.

use indicatif::{ProgressBar, ProgressStyle};
use reversim::search::Campaign;

/// Threads that run at once here.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// For a search: a bar if its end is known, else a count.
pub(crate) fn of_search(campaign: &Campaign) -> ProgressBar {
    let is_timed = campaign.time_limit.is_some();
    let count = campaign.seeds.end.saturating_sub(campaign.seeds.start);
    match is_timed {
        true => spinner("scenarios"),
        false => {
            let count = count / u64::from(campaign.shard.1.max(1));
            styled(ProgressBar::new(count), "{wide_bar} {pos}/{len} scenarios {msg}")
        }
    }
}

/// For a zoo: a bar of hunts.
pub(crate) fn of_hunts(count: u64) -> ProgressBar {
    styled(ProgressBar::new(count), "{wide_bar} {pos}/{len} hunts {msg}")
}

/// A count of something.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    styled(ProgressBar::new_spinner(), &format!("{{elapsed}} {{pos}} {what} ({{per_sec}}) {{msg}}"))
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
