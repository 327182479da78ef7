//! The aggregates that give a BITMAP or its cardinality: of numbers (BITMAP_BUILD_AGG), and AND, OR, XOR of bitmaps. NULLs are left out; over
//! nothing the result is NULL.
//!
//! Over input that only inserts, and for XOR always, a group's state is the bitmap itself; where rows are taken away it counts its members.

use std::collections::BTreeMap;

use arrow_array::builder::{BinaryBuilder, Int64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int32Type};
use arrow_array::{ArrayRef, BinaryArray, Int32Array};
use arrow_schema::DataType as ArrowType;
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_record::TypeKind;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};
use roaring::RoaringBitmap;

use super::columnar::{Columnar, Function, Results};
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall, retracts: bool) -> Result<Box<dyn Accumulator>, OperatorError> {
    use AggregateFunction as F;
    let combination = match call.function {
        F::BitmapBuild | F::BitmapBuildCardinality => Combination::Build,
        F::BitmapAnd | F::BitmapAndCardinality => Combination::And,
        F::BitmapOr | F::BitmapOrCardinality => Combination::Or,
        F::BitmapXor | F::BitmapXorCardinality => Combination::Xor,
        _ => return Err(not_supported(call)),
    };
    let cardinality = call.data_type.kind == TypeKind::BigInt;
    Ok(match retracts && combination != Combination::Xor {
        true => Columnar::boxed(Counted { combination, cardinality }),
        false => Columnar::boxed(Folded { combination, cardinality }),
    })
}

/// How members come together.
#[derive(Clone, Copy, PartialEq)]
enum Combination {
    /// Each row brings one number.
    Build,
    And,
    Or,
    Xor,
}

/// The argument column.
enum Members<'a> {
    Numbers(Int32Array),
    Bitmaps(&'a BinaryArray),
}

impl Members<'_> {
    fn of(column: &ArrayRef) -> Members<'_> {
        match column.data_type() {
            ArrowType::Binary => Members::Bitmaps(column.as_binary()),
            ArrowType::Int8 => Members::Numbers(column.as_primitive::<Int8Type>().unary(i32::from)),
            ArrowType::Int16 => Members::Numbers(column.as_primitive::<Int16Type>().unary(i32::from)),
            _ => Members::Numbers(column.as_primitive::<Int32Type>().clone()),
        }
    }

    /// What a row brings; a number's bits are read as unsigned. `None` for bytes that are no bitmap.
    fn at(&self, row: usize) -> Option<RoaringBitmap> {
        match self {
            Members::Numbers(numbers) => Some(RoaringBitmap::from_iter([numbers.value(row) as u32])),
            Members::Bitmaps(bitmaps) => RoaringBitmap::deserialize_from(bitmaps.value(row)).ok(),
        }
    }
}

/// Bitmaps or their cardinalities.
enum Collected {
    Bitmaps { values: BinaryBuilder, broken: bool },
    Cardinalities(Int64Builder, bool),
}

impl Collected {
    fn new(cardinality: bool, capacity: usize) -> Self {
        match cardinality {
            true => Collected::Cardinalities(Int64Builder::with_capacity(capacity), false),
            false => {
                Collected::Bitmaps { values: BinaryBuilder::with_capacity(capacity, 16 * capacity), broken: false }
            }
        }
    }

    fn push(&mut self, bitmap: Option<&RoaringBitmap>, is_broken: bool) {
        match self {
            Collected::Cardinalities(values, broken) => {
                *broken |= is_broken;
                values.append_option(bitmap.map(|bitmap| bitmap.len() as i64));
            }
            Collected::Bitmaps { values, broken } => {
                let mut bytes = Vec::new();
                *broken |= is_broken || bitmap.is_some_and(|bitmap| bitmap.serialize_into(&mut bytes).is_err());
                values.append_option(bitmap.map(|_| bytes));
            }
        }
    }
}

impl Results for Collected {
    fn finish(self) -> Result<ArrayRef, OperatorError> {
        match self {
            Collected::Bitmaps { broken: true, .. } | Collected::Cardinalities(_, true) => {
                Err(OperatorError::Failed("Failed to deserialize bitmap from bytes.".to_string()))
            }
            Collected::Bitmaps { values, .. } => Results::finish(values),
            Collected::Cardinalities(mut values, _) => Ok(std::sync::Arc::new(values.finish())),
        }
    }
}

/// The state is the combination of all rows.
struct Folded {
    combination: Combination,
    cardinality: bool,
}

/// Number of rows that are there, and what they make together.
#[derive(Default)]
struct Fold {
    rows: i64,
    bitmap: RoaringBitmap,
    broken: bool,
}

impl Folded {
    fn combine(&self, state: &mut Fold, other: &RoaringBitmap) {
        match self.combination {
            Combination::Build | Combination::Or => state.bitmap |= other,
            Combination::Xor => state.bitmap ^= other,
            Combination::And if state.rows == 0 => state.bitmap.clone_from(other),
            Combination::And => state.bitmap &= other,
        }
    }

    fn change(&self, state: &mut Fold, input: &Members<'_>, row: usize, rows: i64) {
        match (input, self.combination) {
            (Members::Numbers(numbers), Combination::Build) => {
                state.bitmap.insert(numbers.value(row) as u32);
            }
            _ => match input.at(row) {
                Some(other) => self.combine(state, &other),
                None => state.broken = true,
            },
        }
        state.rows += rows;
    }
}

impl Function for Folded {
    type State = Fold;
    type Input<'a> = Members<'a>;
    type Results = Collected;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Members<'a> {
        Members::of(&arguments[0])
    }

    fn accumulate(&self, state: &mut Fold, input: &Members<'_>, row: usize) {
        self.change(state, input, row, 1);
    }

    fn retract(&self, state: &mut Fold, input: &Members<'_>, row: usize) {
        self.change(state, input, row, -1);
    }

    fn results(&self, capacity: usize) -> Collected {
        Collected::new(self.cardinality, capacity)
    }

    fn append(&self, state: &Fold, results: &mut Collected) {
        results.push((state.rows > 0).then_some(&state.bitmap), state.broken);
    }

    fn encode(&self, state: &Fold, out: &mut Vec<u8>) {
        state.rows.encode(out);
        let mut bytes = Vec::new();
        state.bitmap.serialize_into(&mut bytes).expect("writing to memory cannot fail");
        bytes.encode(out);
        state.broken.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Fold, DecodeError> {
        let rows = i64::decode(bytes)?;
        let bitmap = RoaringBitmap::deserialize_from(&Vec::decode(bytes)?[..])
            .map_err(|error| DecodeError(error.to_string()))?;
        Ok(Fold { rows, bitmap, broken: bool::decode(bytes)? })
    }

    fn merge(&self, state: &mut Fold, other: &Fold) {
        if other.rows != 0 || !other.bitmap.is_empty() {
            self.combine(state, &other.bitmap);
            state.rows += other.rows;
        }
        state.broken |= other.broken;
    }
}

/// The state counts in how many rows each member is.
struct Counted {
    combination: Combination,
    cardinality: bool,
}

/// Number of rows, and of rows for each member.
#[derive(Default)]
struct Counts {
    rows: i64,
    members: BTreeMap<u32, i64>,
    broken: bool,
}

impl Counts {
    fn add(&mut self, member: u32, change: i64) {
        let count = self.members.entry(member).or_insert(0);
        *count += change;
        if *count == 0 {
            self.members.remove(&member);
        }
    }

    fn change(&mut self, input: &Members<'_>, row: usize, change: i64) {
        self.rows += change;
        match (input, input.at(row)) {
            (Members::Numbers(numbers), _) => self.add(numbers.value(row) as u32, change),
            (_, Some(bitmap)) => bitmap.iter().for_each(|member| self.add(member, change)),
            (_, None) => self.broken = true,
        }
    }
}

impl Function for Counted {
    type State = Counts;
    type Input<'a> = Members<'a>;
    type Results = Collected;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Members<'a> {
        Members::of(&arguments[0])
    }

    fn accumulate(&self, state: &mut Counts, input: &Members<'_>, row: usize) {
        state.change(input, row, 1);
    }

    fn retract(&self, state: &mut Counts, input: &Members<'_>, row: usize) {
        state.change(input, row, -1);
    }

    fn results(&self, capacity: usize) -> Collected {
        Collected::new(self.cardinality, capacity)
    }

    fn append(&self, state: &Counts, results: &mut Collected) {
        let least = if self.combination == Combination::And { state.rows } else { 1 };
        let there = state.members.iter().filter(|(_, count)| **count >= least).map(|(member, _)| *member);
        let bitmap = (state.rows > 0).then(|| there.collect::<RoaringBitmap>());
        results.push(bitmap.as_ref(), state.broken);
    }

    fn encode(&self, state: &Counts, out: &mut Vec<u8>) {
        state.rows.encode(out);
        write_length(out, state.members.len() as u64);
        for (member, count) in &state.members {
            i64::from(*member).encode(out);
            count.encode(out);
        }
        state.broken.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Counts, DecodeError> {
        let mut state = Counts { rows: i64::decode(bytes)?, ..Counts::default() };
        for _ in 0..read_length(bytes)? {
            let member = i64::decode(bytes)? as u32;
            state.members.insert(member, i64::decode(bytes)?);
        }
        state.broken = bool::decode(bytes)?;
        Ok(state)
    }

    fn merge(&self, state: &mut Counts, other: &Counts) {
        state.rows += other.rows;
        other.members.iter().for_each(|(member, count)| state.add(*member, *count));
        state.broken |= other.broken;
    }
}
