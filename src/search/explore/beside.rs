//! The runs of a flow as it is, as far as they are those of the same flow beside weak peers too.
//!
//! Parties keep notes of what they ask their policy. Until somebody asks what a weak policy answers
//! otherwise, the two worlds are one; if nobody does, the run beside the weak peer *is* the run as
//! it is, to the byte, and needs only be judged by what judges know of the weak peer's budgets. A
//! walk beside a weak peer is its own, and takes over from here the runs that nothing follows.

use super::walk::{name, walk};
use super::{Certificate, Exploration, ExploreError, Place};
use crate::fault::Fault;
use crate::history::Setting;
use crate::run::{Run, is_clean as judged_clean};
use crate::scenario::Scenario;
use crate::search::{Play, mix};
use crate::stage::{differs_in_policy_alone, set_budgets};
use rustc_hash::FxHashMap;
use std::sync::Mutex;

/// Weak peers at most: a bit for each.
const PEERS_MAX: usize = 64;
/// One in so many runs that could be taken over is run all the same, and compared.
const COMPARED: u128 = 64;

/// What a flow as it is shares with the same flow beside weak peers.
#[derive(Debug)]
pub struct Shared {
    peers: Vec<Scenario>,
    runs: FxHashMap<u128, Known>,
}

/// A run that broke nothing.
#[derive(Clone, Copy, Debug)]
struct Known {
    digest: u64,
    is_idle: bool,
    /// A bit for each peer beside which this is not the run.
    differs: u64,
}

impl Shared {
    /// Explores the flow as it is, and notes what the flows of `peers` have in common with it.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub fn explore<'a>(
        alone: &Exploration,
        peers: impl IntoIterator<Item = &'a Scenario>,
        play: &Play<'_>,
        watch: &mut dyn FnMut(&Place),
    ) -> Result<(Shared, Certificate), ExploreError> {
        let peers = peers.into_iter().filter(|peer| Shared::is_possible(&alone.base, peer));
        let peers: Vec<Scenario> = peers.take(PEERS_MAX).cloned().collect();
        let budgets = budgets(&peers);
        let runs = Mutex::new(FxHashMap::default());
        let own = alone.base.faults.len();
        let play_and_note = |scenario: &Scenario| {
            let run = play(scenario);
            if run.violation().is_none() {
                let set = scenario.faults.get(own..).unwrap_or_default();
                let known = Known::of(&run, own, &alone.base, &peers, &budgets);
                runs.lock().expect("nobody panics with it").insert(name(set), known);
            }
            run
        };
        let certificate = walk(alone, &play_and_note, None, watch, true, None)?;
        let runs = runs.into_inner().expect("nobody panics with it");
        Ok((Shared { peers, runs }, certificate))
    }

    /// Whether the two can have runs in common at all.
    pub fn is_possible(alone: &Scenario, peer: &Scenario) -> bool {
        differs_in_policy_alone(alone, peer)
    }

    /// What there is for this flow beside a weak peer.
    pub(super) fn beside(&self, peer: &Scenario) -> Option<Beside<'_>> {
        let place = self.peers.iter().position(|known| known == peer)?;
        Some(Beside { runs: &self.runs, bit: 1 << place })
    }
}

impl Known {
    /// `budgets` has, for each peer, the first one of which judges know the same.
    fn of(run: &Run, own: usize, alone: &Scenario, peers: &[Scenario], budgets: &[usize]) -> Known {
        let mut is_clean = vec![None; peers.len()];
        let mut differs = 0;
        for (place, peer) in peers.iter().enumerate() {
            let is_other = run.consulted.differs(alone, peer)
                || !*is_clean[budgets[place]].get_or_insert_with(|| {
                    let setting = told(&run.history.setting, peer);
                    setting == run.history.setting || judged_clean(&run.history, &setting)
                });
            differs |= u64::from(is_other) << place;
        }
        let is_idle = run.idle_faults.iter().any(|index| *index >= own);
        Known { digest: run.digest.0, is_idle, differs }
    }
}

/// What judges know of the world beside this peer.
fn told(setting: &Setting, peer: &Scenario) -> Setting {
    let mut told = setting.clone();
    set_budgets(&mut told, peer);
    told
}

/// For each peer, the first one of which judges know the same.
fn budgets(peers: &[Scenario]) -> Vec<usize> {
    let settings: Vec<Setting> = peers.iter().map(|peer| told(&Setting::default(), peer)).collect();
    let first = |setting: &Setting| settings.iter().position(|other| other == setting);
    settings.iter().filter_map(first).collect()
}

/// The runs that may be taken over beside one weak peer.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    runs: &'a FxHashMap<u128, Known>,
    bit: u64,
}

impl Beside<'_> {
    fn known(&self, set: &[Fault]) -> Option<&Known> {
        self.runs.get(&name(set)).filter(|known| known.differs & self.bit == 0)
    }

    /// The digest's share, and whether a fault was idle, in a run that need not be run.
    pub(super) fn takes_over(&self, set: &[Fault]) -> Option<(u64, bool)> {
        let known = self.known(set)?;
        (!name(set).is_multiple_of(COMPARED)).then(|| (mix(known.digest), known.is_idle))
    }

    /// Whether a run that was run all the same is the one that could have been taken over.
    pub(super) fn agrees(&self, set: &[Fault], digest: u64) -> bool {
        self.known(set).is_none_or(|known| mix(known.digest) == digest)
    }
}
