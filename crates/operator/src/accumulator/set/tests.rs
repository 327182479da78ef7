//! Accumulators against recomputation: whatever was added, retracted, merged or restored, a group's results are those of its rows.

use flott_expression::aggregate::AggregateFunction as F;
use flott_record::value_array::{array_from_values, value_at};
use flott_record::{DataType, TypeKind, Value};
use proptest::prelude::*;

use super::*;

fn call(function: F, arguments: &[(usize, DataType)], data_type: DataType) -> AggregateCall {
    AggregateCall {
        function,
        arguments: arguments.iter().map(|(index, _)| *index).collect(),
        argument_types: arguments.iter().map(|(_, data_type)| data_type.clone()).collect(),
        distinct: false,
        filter: None,
        data_type,
        name: String::new(),
    }
}

/// Columns: 0 BIGINT, 1 STRING, 2 BOOLEAN (a filter), 3 DECIMAL(10, 2), 4 INT, 5 BITMAP.
fn types() -> [DataType; 6] {
    let decimal = TypeKind::Decimal { precision: 10, scale: 2 };
    [
        TypeKind::BigInt.nullable(),
        TypeKind::string().nullable(),
        TypeKind::Boolean.nullable(),
        decimal.nullable(),
        TypeKind::Int.nullable(),
        TypeKind::Bitmap.nullable(),
    ]
}

fn calls() -> Vec<AggregateCall> {
    let [long, text, _, decimal, int, bitmap] = types();
    let (count, wide) = (TypeKind::BigInt.not_null(), TypeKind::Decimal { precision: 38, scale: 2 }.nullable());
    let average = TypeKind::Decimal { precision: 38, scale: 6 }.nullable();
    let multiset = TypeKind::Multiset(Box::new(text.clone())).not_null();
    let number = (0, long.clone());
    let mut calls = vec![
        call(F::Count, &[], count.clone()),
        call(F::Count, std::slice::from_ref(&number), count.clone()),
        call(F::Sum, std::slice::from_ref(&number), long.clone()),
        call(F::Avg, std::slice::from_ref(&number), long.clone()),
        call(F::Min, std::slice::from_ref(&number), long.clone()),
        call(F::Max, std::slice::from_ref(&number), long.clone()),
        call(F::Min, &[(1, text.clone())], text.clone()),
        call(F::Sum, &[(3, decimal.clone())], wide),
        call(F::Avg, &[(3, decimal)], average),
        call(F::Collect, &[(1, text.clone())], multiset),
        call(F::ApproxCountDistinct, &[(1, text)], count.clone()),
        call(F::BitmapBuild, &[(4, int.clone())], bitmap.clone()),
        call(F::BitmapBuildCardinality, &[(4, int)], long.clone()),
        call(F::BitmapAnd, &[(5, bitmap.clone())], bitmap.clone()),
        call(F::BitmapOrCardinality, &[(5, bitmap.clone())], long.clone()),
        call(F::BitmapXor, &[(5, bitmap.clone())], bitmap),
    ];
    let mut filtered = call(F::Count, &[], count.clone());
    filtered.filter = Some(2);
    let mut distinct = call(F::Count, std::slice::from_ref(&number), count);
    distinct.distinct = true;
    let mut both = call(F::Sum, &[number], long);
    (both.distinct, both.filter) = (true, Some(2));
    calls.extend([filtered, distinct, both]);
    calls
}

fn bitmap_of(members: &[u32]) -> Value {
    let bitmap: roaring::RoaringBitmap = members.iter().copied().collect();
    let mut bytes = Vec::new();
    bitmap.serialize_into(&mut bytes).expect("in memory");
    Value::Bytes(bytes)
}

type Row = (Option<i8>, Option<u8>, Option<bool>);

fn columns(rows: &[Row]) -> Vec<ArrayRef> {
    let cells = |row: &Row| {
        [
            row.0.map_or(Value::Null, |value| Value::BigInt(i64::from(value))),
            row.1.map_or(Value::Null, |value| Value::String(format!("t{}", value % 5))),
            row.2.map_or(Value::Null, Value::Boolean),
            row.0.map_or(Value::Null, |value| Value::Decimal(i128::from(value) * 7, 2)),
            row.0.map_or(Value::Null, |value| Value::Int(i32::from(value))),
            row.1.map_or(Value::Null, |value| bitmap_of(&[u32::from(value), u32::from(value % 5)])),
        ]
    };
    let column = |(index, data_type): (usize, &DataType)| {
        let values: Vec<Value> = rows.iter().map(|row| cells(row)[index].clone()).collect();
        array_from_values(data_type, &values).expect("of its type")
    };
    types().iter().enumerate().map(column).collect()
}

fn results(accumulators: &mut Accumulators, slot: u32) -> Vec<Value> {
    let arrays = accumulators.values(&[slot]).expect("has results");
    arrays.iter().zip(calls()).map(|(array, call)| value_at(array, 0, &call.data_type)).collect()
}

/// The results of rows added once, in a slot of their own.
fn afresh(rows: &[Row]) -> Vec<Value> {
    let mut accumulators = Accumulators::new(&calls(), false, true).expect("supported");
    let slot = accumulators.allocate();
    accumulators.update(&vec![slot; rows.len()], &columns(rows), None).expect("accepted");
    results(&mut accumulators, slot)
}

proptest! {
    /// Rows are added in random order and some taken away again: what is left counts. So does it after the state was merged from partial
    /// ones, combined from several groups, or written and read.
    #[test]
    fn results_are_those_of_the_rows_left(
        rows in prop::collection::vec(any::<Row>(), 0..40),
        gone in prop::collection::vec(any::<Row>(), 0..10),
        cut in 0usize..40,
    ) {
        let wanted = afresh(&rows);
        let cut = cut.min(rows.len());
        let steps: Vec<(RowKind, Row)> = gone.iter().map(|row| (RowKind::Insert, *row))
            .chain(rows[..cut].iter().map(|row| (RowKind::UpdateAfter, *row)))
            .chain(gone.iter().map(|row| (RowKind::Delete, *row)))
            .chain(rows[cut..].iter().map(|row| (RowKind::Insert, *row)))
            .collect();
        let (kinds, all): (Vec<u8>, Vec<Row>) = steps.into_iter().map(|(kind, row)| (kind as u8, row)).unzip();
        let columns = columns(&all);
        let new = || Accumulators::new(&calls(), true, true).expect("supported");

        let mut whole = new();
        let slot = whole.allocate();
        let slots = vec![slot; all.len()];
        whole.count(&slots, Some(&kinds));
        whole.update(&slots, &columns, Some(&kinds)).expect("accepted");
        prop_assert_eq!(results(&mut whole, slot), wanted.clone());
        prop_assert_eq!(whole.rows(slot), Some(rows.len() as i64));

        // The trail's last entry is the result.
        let mut scanned = new();
        let slots = vec![scanned.allocate(); all.len()];
        let trails = scanned.scan(&slots, &columns, Some(&kinds)).expect("accepted");
        if !all.is_empty() {
            let last = |(trail, call): (&ArrayRef, AggregateCall)| value_at(trail, 2 * all.len() - 1, &call.data_type);
            let last: Vec<Value> = trails.iter().zip(calls()).map(last).collect();
            prop_assert_eq!(last, wanted.clone());
        }

        // Each row in one of three groups, whose states meet in a fourth; once combined, once sent as partials.
        let mut parts = new();
        let targets = [parts.allocate(), parts.allocate(), parts.allocate(), parts.allocate(), parts.allocate()];
        let slots: Vec<u32> = (0..all.len()).map(|row| targets[row % 3]).collect();
        parts.count(&slots, Some(&kinds));
        parts.update(&slots, &columns, Some(&kinds)).expect("accepted");
        parts.combine(&targets[..3], &[targets[3]; 3]).expect("combined");
        prop_assert_eq!(results(&mut parts, targets[3]), wanted.clone());
        let encoded: Vec<Vec<u8>> = targets[..3].iter().map(|slot| {
            let mut bytes = Vec::new();
            parts.encode_partial(*slot, &mut bytes);
            bytes
        }).collect();
        parts.merge_partials(&[targets[4]; 3], encoded.iter().map(Vec::as_slice)).expect("just encoded");
        prop_assert_eq!(results(&mut parts, targets[4]), wanted.clone());
        prop_assert_eq!(parts.rows(targets[4]), Some(rows.len() as i64));

        let mut bytes = Vec::new();
        whole.encode_state(slot, &mut bytes);
        let mut restored = new();
        let slot = restored.allocate();
        restored.restore_state(slot, &mut bytes.as_slice()).expect("just encoded");
        prop_assert_eq!(results(&mut restored, slot), wanted);
    }
}

#[test]
fn a_state_cut_short_is_an_error() {
    let new = || Accumulators::new(&calls(), true, true).expect("supported");
    let mut whole = new();
    let slot = whole.allocate();
    whole
        .update(&[slot; 2], &columns(&[(Some(1), Some(1), Some(true)), (Some(2), None, None)]), None)
        .expect("accepted");
    let mut bytes = Vec::new();
    whole.encode_state(slot, &mut bytes);
    for length in 0..bytes.len() {
        let mut other = new();
        let slot = other.allocate();
        assert!(other.restore_state(slot, &mut &bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn a_released_slot_begins_empty() {
    let mut accumulators = Accumulators::new(&calls(), true, true).expect("supported");
    let slot = accumulators.allocate();
    let rows = [(Some(1), Some(1), Some(true))];
    accumulators.update(&[slot], &columns(&rows), None).expect("accepted");
    accumulators.release(slot);
    assert_eq!(accumulators.len(), 0);
    assert_eq!(accumulators.allocate(), slot);
    assert_eq!(results(&mut accumulators, slot), afresh(&[]));
}

#[test]
fn ends_lists_and_moments() {
    let [long, text, ..] = types();
    let list = TypeKind::Array(Box::new(long.clone())).nullable();
    let calls = [
        call(F::FirstValue, &[(0, long.clone())], long.clone()),
        call(F::LastValue, &[(0, long.clone())], long.clone()),
        call(F::ListAgg, &[(1, text.clone())], text),
        call(F::ArrayAgg, &[(0, long.clone())], list),
        call(F::VarSamp, &[(0, long.clone())], long.clone()),
        call(F::StddevPop, &[(0, long.clone())], long),
    ];
    let rows = [(None, Some(0), None), (Some(16), Some(1), None), (Some(32), None, None), (Some(48), Some(2), None)];
    let check = |accumulators: &mut Accumulators, slot: u32, wanted: &str| {
        let arrays = accumulators.values(&[slot]).expect("has results");
        let shown = arrays.iter().zip(&calls).map(|(array, call)| value_at(array, 0, &call.data_type).to_string());
        assert_eq!(shown.collect::<Vec<_>>().join(" "), wanted);
    };
    let mut accumulators = Accumulators::new(&calls, true, false).expect("supported");
    let slot = accumulators.allocate();
    accumulators.update(&[slot; 4], &columns(&rows), None).expect("accepted");
    check(&mut accumulators, slot, "16 48 t0,t1,t2 [null, 16, 32, 48] 256 13");
    accumulators.update(&[slot], &columns(&rows[1..2]), Some(&[RowKind::Delete as u8])).expect("accepted");
    check(&mut accumulators, slot, "32 48 t0,t2 [null, 32, 48] 128 8");
}
