//! Traces of the coordinator: what happens, and indented below it what is to be done.

use flott_checkpoint::coordinator::{CoordinatorSettings, Event};

use crate::coordinator_trace::{check, machine};

fn manual() -> CoordinatorSettings {
    CoordinatorSettings { timeout_ms: 5_000, ..CoordinatorSettings::default() }
}

fn periodic() -> CoordinatorSettings {
    CoordinatorSettings { interval_ms: Some(1_000), failures_tolerated: 1, ..manual() }
}

#[test]
fn a_checkpoint_is_told_only_when_the_pointer_has_moved() {
    check(
        manual(),
        "
        0 started
        10 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        20 ack 1 1/0
        21 ack 1 0/1
        22 ack 1 0/0
            write metadata 1
        30 written 1 done
            resolve 1
        40 resolved 1 intact
            move pointer 1
        50 pointer 1 moved
            complete 1 checkpoint
            answer r1: 1
        ",
    );
}

#[test]
fn duplicate_late_and_foreign_messages_change_nothing() {
    check(
        manual(),
        "
        0 started
        10 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        11 ack 7 0/0
        12 ack 1 0/0
        12 ack 1 0/0
        12 written 1 done
        12 resolved 1 intact
        12 pointer 1 moved
        13 ack 1 0/1
        14 ack 1 1/0
            write metadata 1
        15 ack 1 1/0
        15 decline 1 1/0 too late
        16 written 1 done
            resolve 1
        16 written 1 done
        17 resolved 1 intact
            move pointer 1
        18 pointer 1 moved
            complete 1 checkpoint
            answer r1: 1
        19 pointer 1 moved
        19 resolved 1 damaged x
        20 ack 1 0/0
        20 finished 9/9
        ",
    );
}

#[test]
fn ids_are_never_used_twice_and_failures_in_a_row_are_counted() {
    check(
        periodic(),
        "
        0 started
        1000 tick
            trigger 1 checkpoint at 0/0 0/1
        1500 decline 1 1/0 disk is full
            give up 1: task 1/0 declined it: disk is full
        2000 tick
            trigger 2 checkpoint at 0/0 0/1
        2100 ack 2 0/0
        2100 ack 2 0/1
        2100 ack 2 1/0
            write metadata 2
        2200 written 2 done
            resolve 2
        2300 resolved 2 intact
            move pointer 2
        2400 pointer 2 moved
            complete 2 checkpoint
        3000 tick
            trigger 3 checkpoint at 0/0 0/1
        3100 decline 3 0/0 a
            give up 3: task 0/0 declined it: a
        4000 tick
            trigger 4 checkpoint at 0/0 0/1
        4100 decline 4 0/0 b
            give up 4: task 0/0 declined it: b
            fail job: checkpoint 4 failed: task 0/0 declined it: b; that is 2 in a row, and execution.checkpointing.tolerable-failed-checkpoints is 1
        ",
    );
}

#[test]
fn a_checkpoint_expires_and_its_late_parts_are_ignored() {
    check(
        periodic(),
        "
        0 started
        1000 tick
            trigger 1 checkpoint at 0/0 0/1
        5999 ack 1 0/0
        6000 tick
            give up 1: it expired after 5000 ms
            trigger 2 checkpoint at 0/0 0/1
        6001 ack 1 0/1
        6001 ack 1 1/0
        ",
    );
}

#[test]
fn the_pause_and_the_number_under_way_hold_periodic_checkpoints_back() {
    check(
        CoordinatorSettings { min_pause_ms: 700, ..periodic() },
        "
        0 started
        1000 tick
            trigger 1 checkpoint at 0/0 0/1
        2000 tick
        2500 ack 1 0/0
        2500 ack 1 0/1
        2500 ack 1 1/0
            write metadata 1
        2500 written 1 done
            resolve 1
        2500 resolved 1 intact
            move pointer 1
        2500 pointer 1 moved
            complete 1 checkpoint
        3199 tick
        3200 tick
            trigger 2 checkpoint at 0/0 0/1
        ",
    );
}

#[test]
fn a_newer_checkpoint_subsumes_older_ones_but_no_savepoint() {
    check(
        CoordinatorSettings { concurrent_max: 3, ..manual() },
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        2 request r2 savepoint
            trigger 2 savepoint at 0/0 0/1
        3 request r3 checkpoint
            trigger 3 checkpoint at 0/0 0/1
        4 ack 3 0/0
        4 ack 3 0/1
        4 ack 3 1/0
            write metadata 3
        5 written 3 done
            resolve 3
        6 resolved 3 intact
            move pointer 3
        7 pointer 3 moved
            give up 1: checkpoint 3 is newer
            answer r1: no, checkpoint 3 is newer
            complete 3 checkpoint
            answer r3: 3
        8 ack 2 0/0
        8 ack 2 0/1
        8 ack 2 1/0
            write metadata 2
        9 written 2 done
            resolve 2
        10 resolved 2 intact
            complete 2 savepoint
            answer r2: 2
        ",
    );
}

#[test]
fn pointers_move_one_at_a_time_in_the_order_of_ids() {
    check(
        CoordinatorSettings { concurrent_max: 2, ..manual() },
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        2 request r2 checkpoint
            trigger 2 checkpoint at 0/0 0/1
        3 ack 1 0/0
        3 ack 1 0/1
        3 ack 1 1/0
            write metadata 1
        3 ack 2 0/0
        3 ack 2 0/1
        3 ack 2 1/0
            write metadata 2
        4 written 1 done
            resolve 1
        4 written 2 done
            resolve 2
        5 resolved 1 intact
            move pointer 1
        5 resolved 2 intact
        6 pointer 1 moved
            complete 1 checkpoint
            answer r1: 1
            move pointer 2
        7 pointer 2 moved
            complete 2 checkpoint
            answer r2: 2
        ",
    );
}

#[test]
fn unclear_answers_are_resolved_by_reading() {
    check(
        manual(),
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        2 ack 1 0/0
        2 ack 1 0/1
        2 ack 1 1/0
            write metadata 1
        3 written 1 unknown timeout
            resolve 1
        4 resolved 1 unreadable timeout
        503 tick
        504 tick
            resolve 1
        505 resolved 1 intact
            move pointer 1
        506 pointer 1 unknown timeout
        1006 tick
            read pointer 1
        1007 pointer 1 unknown timeout
        1507 tick
            read pointer 1
        1508 pointer 1 moved
            complete 1 checkpoint
            answer r1: 1
        ",
    );
}

#[test]
fn a_write_that_failed_is_settled_and_one_that_may_yet_happen_is_not() {
    check(
        CoordinatorSettings { failures_tolerated: 9, ..manual() },
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        2 ack 1 0/0
        2 ack 1 0/1
        2 ack 1 1/0
            write metadata 1
        3 written 1 failed no room
            give up 1: no room
            answer r1: no, no room
        4 request r2 checkpoint
            trigger 2 checkpoint at 0/0 0/1
        5 ack 2 0/0
        5 ack 2 0/1
        5 ack 2 1/0
            write metadata 2
        6 written 2 unknown timeout
            resolve 2
        7 resolved 2 absent
            give up 2: its metadata was not written, keep its objects
            answer r2: no, its metadata was not written
        8 request r3 checkpoint
            trigger 3 checkpoint at 0/0 0/1
        9 ack 3 0/0
        9 ack 3 0/1
        9 ack 3 1/0
            write metadata 3
        10 written 3 done
            resolve 3
        11 resolved 3 damaged object a is 3 bytes long, not 4
            give up 3: object a is 3 bytes long, not 4
            answer r3: no, object a is 3 bytes long, not 4
        ",
    );
}

#[test]
fn a_pointer_that_was_refused_is_settled_unless_an_earlier_answer_was_unclear() {
    check(
        CoordinatorSettings { failures_tolerated: 9, ..manual() },
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        2 ack 1 0/0
        2 ack 1 0/1
        2 ack 1 1/0
            write metadata 1
        3 written 1 done
            resolve 1
        4 resolved 1 intact
            move pointer 1
        5 pointer 1 failed denied
            give up 1: denied
            answer r1: no, denied
        6 request r2 checkpoint
            trigger 2 checkpoint at 0/0 0/1
        7 ack 2 0/0
        7 ack 2 0/1
        7 ack 2 1/0
            write metadata 2
        8 written 2 done
            resolve 2
        9 resolved 2 intact
            move pointer 2
        10 pointer 2 unknown timeout
        510 tick
            read pointer 2
        511 pointer 2 failed denied
            give up 2: denied, keep its objects
            answer r2: no, denied
        ",
    );
}

#[test]
fn a_job_stops_with_a_savepoint_and_nothing_else_begins() {
    check(
        periodic(),
        "
        0 started
        10 request r1 stop
            trigger 1 stop at 0/0 0/1
        11 request r2 checkpoint
            answer r2: no, the job is stopping
        1000 tick
        1001 ack 1 0/0
        1001 ack 1 0/1
        1001 ack 1 1/0
            write metadata 1
        1002 written 1 done
            resolve 1
        1003 resolved 1 intact
            complete 1 stop
            answer r1: 1
            stop with 1
        2000 tick
        2001 request r3 savepoint
            answer r3: no, the job is ending
        ",
    );
}

#[test]
fn a_stop_whose_savepoint_fails_fails_the_job_since_its_sources_have_stopped() {
    check(
        periodic(),
        "
        0 started
        10 request r1 drain
            trigger 1 drain at 0/0 0/1
        11 decline 1 1/0 no room
            give up 1: task 1/0 declined it: no room
            answer r1: no, task 1/0 declined it: no room
            fail job: the savepoint to stop with was not taken: task 1/0 declined it: no room
        12 ending
        ",
    );
}

#[test]
fn ended_tasks_take_part_with_their_last_state() {
    check(
        manual(),
        "
        0 started
        1 finished 0/0
        2 request r1 checkpoint
            trigger 1 checkpoint at 0/1
        3 ack 1 1/0
        4 finished 0/1
            write metadata 1
        5 written 1 done
            resolve 1
        6 resolved 1 intact
            move pointer 1
        7 pointer 1 moved
            complete 1 checkpoint
            answer r1: 1
        8 request r2 savepoint
            answer r2: no, all input has been read
        ",
    );
}

#[test]
fn a_bounded_job_ends_with_a_checkpoint() {
    check(
        periodic(),
        "
        0 started
        1000 tick
            trigger 1 checkpoint at 0/0 0/1
        1001 finished 0/0
        1002 finished 0/1 stateless
            give up 1: the job is about to finish
        2000 tick
        2001 finished 1/0 stateless
            collect final 2
            write metadata 2
        2002 written 2 done
            resolve 2
        2003 resolved 2 intact
            move pointer 2
        2004 pointer 2 moved
            complete 2 final
            finish
        ",
    );
}

#[test]
fn without_a_final_checkpoint_the_job_just_finishes() {
    check(
        CoordinatorSettings { final_checkpoint: false, ..manual() },
        "
        0 started
        1 finished 0/0
        2 finished 0/1 stateless
        3 finished 1/0 stateless
            finish
        ",
    );
}

#[test]
fn a_final_checkpoint_that_fails_fails_the_job() {
    check(
        manual(),
        "
        0 started
        1 finished 0/0
        2 finished 0/1 stateless
        3 finished 1/0 stateless
            collect final 1
            write metadata 1
        4 written 1 failed denied
            give up 1: denied
            fail job: the final checkpoint was not taken: denied
        ",
    );
}

#[test]
fn checkpoints_after_tasks_have_finished_can_be_off() {
    check(
        CoordinatorSettings { after_tasks_finish: false, ..manual() },
        "
        0 started
        1 finished 0/0
        2 request r1 checkpoint
            answer r1: no, some tasks have finished, and execution.checkpointing.checkpoints-after-tasks-finish is off
        ",
    );
}

#[test]
fn a_job_that_ends_waits_for_what_the_pointer_may_already_name() {
    check(
        CoordinatorSettings { concurrent_max: 2, ..manual() },
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        1 request r2 checkpoint
            trigger 2 checkpoint at 0/0 0/1
        2 ack 1 0/0
        2 ack 1 0/1
        2 ack 1 1/0
            write metadata 1
        3 written 1 done
            resolve 1
        4 resolved 1 intact
            move pointer 1
        5 ending
            give up 2: the job is ending
            answer r2: no, the job is ending
        6 pointer 1 moved
            complete 1 checkpoint
            answer r1: 1
        ",
    );
}

#[test]
fn a_job_that_ends_does_not_wait_for_ever_for_a_store_that_does_not_answer() {
    check(
        manual(),
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        2 ack 1 0/0
        2 ack 1 0/1
        2 ack 1 1/0
            write metadata 1
        3 written 1 done
            resolve 1
        4 resolved 1 intact
            move pointer 1
        5 ending
        6 pointer 1 unknown timeout
        506 tick
            read pointer 1
        5000 pointer 1 unknown timeout
        5001 tick
            give up 1: it is not known whether the pointer has moved, keep its objects
            answer r1: no, it is not known whether the pointer has moved
        ",
    );
}

#[test]
fn a_fenced_leader_steps_down_without_a_word_to_the_sinks() {
    check(
        CoordinatorSettings { concurrent_max: 2, ..manual() },
        "
        0 started
        1 request r1 checkpoint
            trigger 1 checkpoint at 0/0 0/1
        1 request r2 savepoint
            trigger 2 savepoint at 0/0 0/1
        2 ack 1 0/0
        2 ack 1 0/1
        2 ack 1 1/0
            write metadata 1
        3 written 1 done
            resolve 1
        4 resolved 1 intact
            move pointer 1
        5 pointer 1 fenced 8
            give up 1: another leader has taken the job over, keep its objects
            answer r1: no, another leader has taken the job over
            give up 2: another leader has taken the job over
            answer r2: no, another leader has taken the job over
            step down for epoch 8
        ",
    );
}

#[test]
fn too_many_requests_are_declined_and_the_others_wait_their_turn() {
    check(
        manual(),
        "
        0 request r1 checkpoint
        0 request r2 checkpoint
        0 request r3 checkpoint
        0 request r4 savepoint
        0 request r5 savepoint
            answer r5: no, too many wait already
        1 started
            trigger 1 checkpoint at 0/0 0/1
        2 decline 1 0/0 a
            give up 1: task 0/0 declined it: a
            answer r1: no, task 0/0 declined it: a
            fail job: checkpoint 1 failed: task 0/0 declined it: a; that is 1 in a row, and execution.checkpointing.tolerable-failed-checkpoints is 0
            trigger 2 checkpoint at 0/0 0/1
        ",
    );
}

#[test]
fn it_says_when_it_wants_to_be_called() {
    let mut machine = machine(periodic());
    assert_eq!(machine.wake_at_ms(), None);
    machine.step(Event::Started, 0);
    assert_eq!(machine.wake_at_ms(), Some(1_000));
    machine.step(Event::Tick, 1_000);
    assert_eq!(machine.wake_at_ms(), Some(6_000), "it expires");
    machine.step(Event::Ending, 1_001);
    assert_eq!(machine.wake_at_ms(), None);
    assert!(machine.is_settled());
}
