//! Operators with rows in state go on when their input's schema has evolved, on either backend.

use flott_job::OperatorSpec;
use flott_job::spec::{
    ChangelogNormalizeSpec, DeduplicateSpec, JoinKind, JoinSideKey, JoinSpec, RankKind, RankSpec, RankStrategy,
    SinkMaterializeSpec, SortColumn,
};
use flott_record::value_array::batch_from_rows;
use flott_record::{Field, KeyGroupRange, RowKind, Schema, TypeKind, Value};
use flott_state::SnapshotReader;

use crate::build::build;
use crate::harness::{Driver, Event, Row, Script, put_on_disk, row_texts, run};
use crate::interface::{Operator, OperatorError, Setup};

/// (k, v INT, gone) before, (k, added, v BIGINT) after.
fn schema(is_new: bool) -> Schema {
    let (v, int) = (if is_new { TypeKind::BigInt } else { TypeKind::Int }, TypeKind::Int.nullable());
    let v = Field::new("v", v.nullable());
    let fields = match is_new {
        true => vec![Field::new("k", int.clone()), Field::new("added", TypeKind::string().nullable()), v],
        false => vec![Field::new("k", int.clone()), v, Field::new("gone", TypeKind::Double.nullable())],
    };
    Schema::new(fields)
}

fn old_row(kind: RowKind, k: i32, v: i32) -> Row {
    (kind, vec![Value::Int(k), Value::Int(v), Value::Double(0.5)])
}

fn new_row(kind: RowKind, k: i32, v: i64) -> Row {
    (kind, vec![Value::Int(k), Value::String("new".into()), Value::BigInt(v)])
}

/// What an operator emits for rows of the new schema after rows of the old one.
fn evolved(spec: &dyn Fn(Schema, bool) -> OperatorSpec, old: Vec<Row>, new: Vec<Row>, output: &Schema) -> Vec<String> {
    let make = |is_new: bool| {
        let spec = spec(schema(is_new), is_new);
        move |setup: &Setup| -> Result<Box<dyn Operator>, OperatorError> { build(&spec, setup) }
    };
    let script = Script::new(vec![schema(false), schema(false)], vec![Event::rows(0, old)]);
    let first_output = schema_of_first(output);
    let snapshots = [run(&make(false), &script, &first_output).expect("runs").snapshot().expect("a snapshot")];
    let mut seen = Vec::new();
    for is_on_disk in [false, true] {
        let script = Script::new(vec![schema(true), schema(true)], vec![]);
        let mut operator = make(true)(&script.setup(0, 1)).expect("builds");
        if is_on_disk {
            put_on_disk(&mut *operator, "evolved");
        }
        let reader = SnapshotReader::new(&snapshots, KeyGroupRange { start: 0, end: 128 }, 0, 1);
        operator.restore(&reader).expect("compatible");
        let mut driver = Driver::new(operator, output);
        let input = usize::from(output.len() > 3);
        driver.batch(input, &batch_from_rows(&schema(true), &new).expect("rows of the schema")).expect("runs");
        seen.push(row_texts(&driver.seen));
    }
    assert_eq!(seen[0], seen[1], "the backends agree");
    seen.remove(0)
}

/// The output before the evolution: as wide, of old rows.
fn schema_of_first(output: &Schema) -> Schema {
    let sides = output.len() / schema(true).len();
    Schema::new((0..sides).flat_map(|_| schema(false).fields).collect())
}

use RowKind::{Delete, Insert, UpdateAfter};

#[test]
fn a_normalised_changelog_retracts_the_old_row_in_its_new_form() {
    let spec = |input: Schema, _| {
        let (keys, condition) = (vec![0], None);
        OperatorSpec::ChangelogNormalize(ChangelogNormalizeSpec {
            keys,
            emit_update_before: true,
            condition,
            state_ttl_ms: 0,
            input,
        })
    };
    let old = vec![old_row(UpdateAfter, 1, 10), old_row(UpdateAfter, 2, 20)];
    let new = vec![new_row(UpdateAfter, 1, 11), new_row(Delete, 2, 0)];
    let wanted = ["-U[1, null, 10]", "+U[1, new, 11]", "-D[2, null, 20]"];
    assert_eq!(evolved(&spec, old, new, &schema(true)), wanted);
}

#[test]
fn the_last_row_of_a_key_is_replaced() {
    let spec = |input: Schema, _| {
        OperatorSpec::Deduplicate(DeduplicateSpec {
            keys: vec![0],
            keep_last: true,
            rowtime: None,
            emit_update_before: true,
            emit_insert: true,
            window_end: None,
            window_local: false,
            state_ttl_ms: 0,
            input,
        })
    };
    let new = vec![new_row(Insert, 1, 11)];
    let wanted = ["-U[1, null, 10]", "+U[1, new, 11]"];
    assert_eq!(evolved(&spec, vec![old_row(Insert, 1, 10)], new, &schema(true)), wanted);
}

#[test]
fn a_sinks_rows_stand_behind_new_ones() {
    let spec = |input: Schema, _| {
        let keys = vec![0];
        OperatorSpec::SinkMaterialize(SinkMaterializeSpec { keys, upsert_key: vec![], state_ttl_ms: 0, input })
    };
    let new = vec![new_row(Insert, 1, 11), new_row(Delete, 1, 11)];
    let wanted = ["+U[1, new, 11]", "+U[1, null, 10]"];
    assert_eq!(evolved(&spec, vec![old_row(Insert, 1, 10)], new, &schema(true)), wanted);
}

#[test]
fn ranked_rows_keep_their_places() {
    let updates = ["-U[2, null, 20]", "+U[1, new, 11]"];
    let moves = ["-D[2, null, 20]", "+I[1, new, 11]"];
    for (strategy, wanted) in [(RankStrategy::AppendFast, updates), (RankStrategy::Retract, moves)] {
        let spec = |input: Schema, _| {
            let order = vec![SortColumn { column: 0, descending: false, nulls_first: true }];
            OperatorSpec::Rank(RankSpec {
                kind: RankKind::RowNumber,
                partition: vec![],
                order,
                start: 1,
                end: 1,
                output_rank: false,
                strategy: strategy.clone(),
                emit_update_before: true,
                window_end: None,
                window_local: false,
                state_ttl_ms: 0,
                input,
            })
        };
        let new = vec![new_row(Insert, 1, 11)];
        let seen = evolved(&spec, vec![old_row(Insert, 2, 20)], new, &schema(true));
        assert_eq!(seen, wanted, "{strategy:?}");
    }
}

#[test]
fn joined_rows_are_matched() {
    for side_key in [JoinSideKey::NoUniqueKey, JoinSideKey::HasUniqueKey(vec![0])] {
        let spec = |input: Schema, _| {
            OperatorSpec::Join(JoinSpec {
                kind: JoinKind::Left,
                left_keys: vec![0],
                right_keys: vec![0],
                filter_nulls: vec![true],
                condition: None,
                left: input.clone(),
                right: input,
                left_side: side_key.clone(),
                right_side: side_key.clone(),
                left_ttl_ms: 0,
                right_ttl_ms: 0,
            })
        };
        let output = Schema::new(schema(true).fields.into_iter().chain(schema(true).fields).collect());
        let seen = evolved(&spec, vec![old_row(Insert, 1, 10)], vec![new_row(Insert, 1, 11)], &output);
        let wanted = ["-D[1, null, 10, null, null, null]", "+I[1, null, 10, 1, new, 11]"];
        assert_eq!(seen, wanted, "{side_key:?}");
    }
}
