//! From "all parts are there" to "complete".

use crate::coordinator::pending::Stage;
use crate::coordinator::{Action, Answer, Coordinator, Phase, PointerAnswer, RequestKind, Verdict};
use crate::limits::READ_AGAIN_MS;

impl Coordinator {
    pub(super) fn write_if_collected(&mut self, checkpoint_id: u64, out: &mut Vec<Action>) {
        let Some(pending) = self.pending.get_mut(&checkpoint_id) else { return };
        if pending.stage == Stage::Collecting && pending.missing.is_empty() {
            pending.stage = Stage::Writing;
            out.push(Action::WriteMetadata { checkpoint_id });
        }
    }

    pub(super) fn metadata_written(&mut self, checkpoint_id: u64, answer: Answer, now_ms: i64, out: &mut Vec<Action>) {
        let Some(pending) = self.pending.get_mut(&checkpoint_id).filter(|pending| pending.stage == Stage::Writing)
        else {
            return;
        };
        match answer {
            Answer::Done | Answer::Unknown(_) => {
                pending.is_unclear = answer != Answer::Done;
                pending.stage = Stage::Resolving;
                out.push(Action::Resolve { checkpoint_id });
            }
            Answer::Failed(reason) => {
                // Nothing of it can appear any more.
                pending.stage = Stage::Collecting;
                self.fail(checkpoint_id, &reason, now_ms, out);
            }
        }
    }

    pub(super) fn resolved(&mut self, checkpoint_id: u64, verdict: Verdict, now_ms: i64, out: &mut Vec<Action>) {
        let Some(pending) = self.pending.get_mut(&checkpoint_id).filter(|pending| pending.stage == Stage::Resolving)
        else {
            return;
        };
        match verdict {
            Verdict::Intact if pending.kind.is_savepoint() => self.complete(checkpoint_id, now_ms, out),
            Verdict::Intact => {
                pending.stage = Stage::AwaitingPointer;
                self.move_next_pointer(out);
            }
            Verdict::Unreadable(_) => {
                pending.stage = Stage::ResolveAgain { at_ms: now_ms.saturating_add_unsigned(READ_AGAIN_MS) };
            }
            Verdict::Absent => self.fail(checkpoint_id, "its metadata was not written", now_ms, out),
            Verdict::Damaged(reason) => self.fail(checkpoint_id, &reason, now_ms, out),
        }
    }

    /// Lets the next checkpoint have the pointer, if it is free. Pointers are moved one at a time, in the order of ids.
    pub(super) fn move_next_pointer(&mut self, out: &mut Vec<Action>) {
        if self.pending.values().any(super::Pending::may_be_found) {
            return;
        }
        let next = self.pending.iter_mut().find(|(_, pending)| pending.stage == Stage::AwaitingPointer);
        if let Some((checkpoint_id, pending)) = next {
            pending.stage = Stage::MovingPointer;
            out.push(Action::MovePointer { checkpoint_id: *checkpoint_id });
        }
    }

    pub(super) fn pointer_answered(
        &mut self,
        checkpoint_id: u64,
        answer: PointerAnswer,
        now_ms: i64,
        out: &mut Vec<Action>,
    ) {
        let Some(pending) = self.pending.get_mut(&checkpoint_id).filter(|pending| pending.may_be_found()) else {
            return;
        };
        match answer {
            PointerAnswer::Moved => self.complete(checkpoint_id, now_ms, out),
            PointerAnswer::Unknown(_) => {
                pending.is_unclear = true;
                pending.stage = Stage::ReadAgain { at_ms: now_ms.saturating_add_unsigned(READ_AGAIN_MS) };
            }
            PointerAnswer::Failed(reason) => {
                // After an unclear answer an earlier attempt may yet succeed, so its objects stay.
                if !pending.is_unclear {
                    pending.stage = Stage::AwaitingPointer;
                }
                self.fail(checkpoint_id, &reason, now_ms, out);
            }
            PointerAnswer::Fenced(epoch) => {
                self.drop_pending(checkpoint_id, "another leader has taken the job over", out);
                self.end("another leader has taken the job over", now_ms, out);
                out.push(Action::StepDown { epoch });
            }
        }
    }

    fn complete(&mut self, checkpoint_id: u64, now_ms: i64, out: &mut Vec<Action>) {
        let Some(pending) = self.pending.remove(&checkpoint_id) else { return };
        self.schedule.ended(now_ms);
        if !pending.kind.is_savepoint() {
            self.failures = 0;
            self.subsume(checkpoint_id, out);
        }
        out.push(Action::Complete { checkpoint_id, kind: pending.kind });
        if let Some(request) = pending.request {
            out.push(Action::Answer { request, outcome: Ok(checkpoint_id) });
        }
        match pending.kind {
            RequestKind::Stop { .. } if self.phase == Phase::Stopping => {
                self.end("the job stopped", now_ms, out);
                out.push(Action::Stop { checkpoint_id });
            }
            RequestKind::Final if self.phase == Phase::Finishing => {
                self.end("the job finished", now_ms, out);
                out.push(Action::Finish);
            }
            _ => {}
        }
        self.move_next_pointer(out);
    }

    /// Older checkpoints under way are not needed any more; savepoints are.
    fn subsume(&mut self, newer_id: u64, out: &mut Vec<Action>) {
        let older: Vec<u64> = self.pending.range(..newer_id).map(|(checkpoint_id, _)| *checkpoint_id).collect();
        for checkpoint_id in older {
            if self.pending.get(&checkpoint_id).is_some_and(|pending| !pending.kind.is_savepoint()) {
                self.drop_pending(checkpoint_id, &format!("checkpoint {newer_id} is newer"), out);
            }
        }
    }
}
