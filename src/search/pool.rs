//! The threads of a search: as many as asked for, each with its own memory of cipher results.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Cipher results that each thread remembers. A search plays nearly the same payments again and
/// again, and this many cover one run and its neighbours.
const MEMO_ENTRIES: usize = 16_384;

/// A pool of `jobs` threads; 0 for one per core.
pub(super) fn pool(jobs: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|number| format!("search-{number}"))
        .start_handler(|_| reversim_models::security::memo::set_capacity(MEMO_ENTRIES))
        .build()
}
