//! What is written, and when it is durable: answers that tell of a record wait for it.

use super::books::Commit;
use super::{Issuer, Out};
use crate::iso8583::Message;
use crate::node::{Action, Actions};
use crate::record::IssuerRecord;

impl Issuer {
    pub(super) fn record(&mut self, record: IssuerRecord, actions: &mut Actions) {
        let commit = self.begin_commit(actions);
        self.books.apply(&record, commit);
        actions.record(record);
    }

    /// The number of the commit that the next record belongs to: records in a row are one.
    pub(super) fn begin_commit(&mut self, actions: &Actions) -> Commit {
        if !matches!(actions.as_slice().last(), Some((_, Action::Record(_)))) {
            self.begun += 1;
            self.under_way += 1;
        }
        self.begun
    }

    /// Nobody is told which commit is done. Only when none is under way is it certain what is
    /// durable, however a world queues its writes.
    pub(super) fn committed(&mut self, actions: &mut Actions) {
        self.under_way = self.under_way.saturating_sub(1);
        if self.under_way == 0 {
            self.books.settle(self.begun);
            self.peers.release(actions);
        }
    }

    pub(super) fn send_when_durable(
        &mut self,
        at: usize,
        commit: Commit,
        answer: Message,
        out: &mut Out<'_>,
    ) {
        if self.books.is_durable(commit) {
            self.peers.send(at, &answer, &mut out.rest);
        } else {
            self.peers.hold(at, answer, out.records.ticket());
        }
    }
}
