//! Two columns compared as Flink compares them: numbers by value as Java does (NaN equals nothing, -0.0 equals 0.0), texts by
//! bytes without regard to trailing blanks' meaning, nested values part by part, maps whatever their order.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Datum, Scalar};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_ord::cmp;
use arrow_schema::ArrowError;
use flott_expression::CastMode;
use flott_expression::catalogue::common_type;
use flott_record::value_array::array_from_values;
use flott_record::{DataType, KeyRows, TypeKind};

use super::{CallSite, Frame, ScalarFunction};
use crate::cast;
use crate::evaluator::{CompileError, EvaluationError};

/// What is asked of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Like `NotEqual`, with NULL as a value.
    Distinct,
    /// Like `Equal`, with NULL as a value.
    NotDistinct,
}

/// A compiled comparison of two arguments of a call.
pub(crate) struct Comparator {
    comparison: Comparison,
    /// Conversions to the type in which the values meet.
    casts: [Option<Box<dyn ScalarFunction>>; 2],
    way: Way,
    keys: [KeyRows; 2],
}

/// How values of a type are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One side is an untyped NULL.
    Unknown,
    Float,
    Double,
    /// By a kernel of Arrow.
    Kernel,
    /// By the canonical encoding of keys.
    Encoded,
}

impl Comparator {
    /// Compiles the comparison of two arguments.
    ///
    /// # Errors
    /// Types that cannot be compared, or a literal text that is no date or time where one is needed.
    pub(crate) fn compile(
        call: &CallSite,
        left: usize,
        right: usize,
        comparison: Comparison,
    ) -> Result<Comparator, CompileError> {
        let meeting = meeting_type(call, left, right)?;
        let way = match &meeting.kind {
            TypeKind::Null => Way::Unknown,
            TypeKind::Float => Way::Float,
            TypeKind::Double => Way::Double,
            TypeKind::Array(_)
            | TypeKind::Map(..)
            | TypeKind::Multiset(_)
            | TypeKind::Row(_)
            | TypeKind::Structured(..) => Way::Encoded,
            _ => Way::Kernel,
        };
        let ordered = !matches!(
            comparison,
            Comparison::Equal | Comparison::NotEqual | Comparison::Distinct | Comparison::NotDistinct
        );
        if way == Way::Encoded && ordered {
            return Err(call.not_supported());
        }
        let casts = [side(call, left, &meeting)?, side(call, right, &meeting)?];
        Ok(Comparator { comparison, casts, way, keys: [KeyRows::default(), KeyRows::default()] })
    }

    /// The truth of each row; an argument of one row is a constant.
    pub(crate) fn compare(
        &mut self,
        left: &ArrayRef,
        right: &ArrayRef,
        frame: &Frame,
    ) -> Result<BooleanArray, EvaluationError> {
        let left = converted(&mut self.casts[0], left, frame)?;
        let right = converted(&mut self.casts[1], right, frame)?;
        let rows = frame.rows;
        match self.comparison {
            Comparison::Distinct => self.not_distinct(&left, &right, rows).map(|same| negated(&same)),
            Comparison::NotDistinct => self.not_distinct(&left, &right, rows),
            _ => self.plain(self.comparison, &left, &right, rows),
        }
    }

    fn plain(
        &mut self,
        comparison: Comparison,
        left: &ArrayRef,
        right: &ArrayRef,
        rows: usize,
    ) -> Result<BooleanArray, EvaluationError> {
        match self.way {
            Way::Unknown => Ok(BooleanArray::new_null(rows)),
            Way::Float => Ok(floats::<Float32Type>(comparison, left, right, rows)),
            Way::Double => Ok(floats::<Float64Type>(comparison, left, right, rows)),
            Way::Kernel => Ok(kernel(comparison, left, right, rows)?),
            Way::Encoded => {
                let equal = self.encoded_equal(left, right, rows);
                let values = if comparison == Comparison::NotEqual { !&equal } else { equal };
                Ok(BooleanArray::new(values, both_valid(left, right, rows)))
            }
        }
    }

    /// Where both are NULL or equal.
    fn not_distinct(
        &mut self,
        left: &ArrayRef,
        right: &ArrayRef,
        rows: usize,
    ) -> Result<BooleanArray, EvaluationError> {
        if self.way == Way::Encoded {
            return Ok(BooleanArray::new(self.encoded_equal(left, right, rows), None));
        }
        let both_null = BooleanBuffer::collect_bool(rows, |row| is_null(left, row, rows) && is_null(right, row, rows));
        let equal = self.plain(Comparison::Equal, left, right, rows)?;
        let equal = match equal.nulls() {
            Some(nulls) => equal.values() & nulls.inner(),
            None => equal.values().clone(),
        };
        Ok(BooleanArray::new(&equal | &both_null, None))
    }

    fn encoded_equal(&mut self, left: &ArrayRef, right: &ArrayRef, rows: usize) -> BooleanBuffer {
        self.keys[0].encode_into(std::slice::from_ref(left), left.len());
        self.keys[1].encode_into(std::slice::from_ref(right), right.len());
        let (a, b) = (step(left, rows), step(right, rows));
        BooleanBuffer::collect_bool(rows, |row| self.keys[0].key(row * a) == self.keys[1].key(row * b))
    }
}

fn negated(truth: &BooleanArray) -> BooleanArray {
    BooleanArray::new(!truth.values(), None)
}

/// The type in which two arguments meet.
fn meeting_type(call: &CallSite, left: usize, right: usize) -> Result<DataType, CompileError> {
    let (a, b) = (&call.argument_types[left], &call.argument_types[right]);
    match (&a.kind, &b.kind) {
        (TypeKind::Null, _) | (_, TypeKind::Null) => Ok(TypeKind::Null.nullable()),
        (x, y) if x.is_character() && y.is_character() => Ok(TypeKind::string().nullable()),
        (x, y) if x.is_binary() && y.is_binary() => {
            Ok(TypeKind::Varbinary(flott_record::data_type::LENGTH_MAX).nullable())
        }
        (x, y) if x.is_character() && y.is_datetime() => Ok(b.clone()),
        (x, y) if x.is_datetime() && y.is_character() => Ok(a.clone()),
        _ => common_type(&[a, b]).ok_or_else(|| call.not_supported()),
    }
}

/// The conversion of one argument to the meeting type; a text that is no date or time becomes NULL, but a literal is refused.
fn side(call: &CallSite, index: usize, meeting: &DataType) -> Result<Option<Box<dyn ScalarFunction>>, CompileError> {
    let given = &call.argument_types[index];
    let same_layout = given.to_arrow() == meeting.to_arrow()
        && std::mem::discriminant(&given.kind) == std::mem::discriminant(&meeting.kind);
    let texts = given.kind.is_character() && meeting.kind.is_character();
    let bytes = given.kind.is_binary() && meeting.kind.is_binary();
    if meeting.kind == TypeKind::Null || same_layout || texts || bytes {
        return Ok(None);
    }
    let mut cast = cast::compile(given, meeting, CastMode::TryCast, &call.session)?;
    if let (Some(cast), Some(value)) = (&mut cast, call.literal(index))
        && given.kind.is_character()
        && !value.is_null()
    {
        let literal = array_from_values(given, std::slice::from_ref(value))
            .map_err(|error| CompileError::WrongConstant(error.to_string()))?;
        let frame = Frame { rows: 1, instant: crate::evaluator::Instant { now_ms: 0, watermark_ms: i64::MIN } };
        let converted = cast.call(&[literal], &frame).map_err(|error| CompileError::WrongConstant(error.message))?;
        if converted.is_null(0) {
            let message = format!("Error when casting {given} to {}", meeting.kind);
            return Err(CompileError::WrongConstant(message));
        }
    }
    Ok(cast)
}

fn converted(
    cast: &mut Option<Box<dyn ScalarFunction>>,
    array: &ArrayRef,
    frame: &Frame,
) -> Result<ArrayRef, EvaluationError> {
    match cast {
        Some(cast) => cast.call(std::slice::from_ref(array), &Frame { rows: array.len(), ..*frame }),
        None => Ok(Arc::clone(array)),
    }
}

fn step(array: &ArrayRef, rows: usize) -> usize {
    usize::from(array.len() == rows)
}

fn is_null(array: &ArrayRef, row: usize, rows: usize) -> bool {
    array.data_type().is_null() || array.is_null(row * step(array, rows))
}

/// The rows where both sides are valid.
fn both_valid(left: &ArrayRef, right: &ArrayRef, rows: usize) -> Option<NullBuffer> {
    let expand = |array: &ArrayRef| match array.nulls() {
        Some(nulls) if array.len() == rows => Some(nulls.clone()),
        Some(nulls) if nulls.is_null(0) => Some(NullBuffer::new_null(rows)),
        _ => None,
    };
    NullBuffer::union(expand(left).as_ref(), expand(right).as_ref())
}

/// Floating-point numbers by Java's operators.
fn floats<T: ArrowPrimitiveType>(comparison: Comparison, left: &ArrayRef, right: &ArrayRef, rows: usize) -> BooleanArray
where
    T::Native: PartialOrd,
{
    let nulls = both_valid(left, right, rows);
    let (l, r) = (left.as_primitive::<T>().values(), right.as_primitive::<T>().values());
    let (a, b) = (step(left, rows), step(right, rows));
    let collect = |decide: fn(&T::Native, &T::Native) -> bool| {
        BooleanBuffer::collect_bool(rows, |row| decide(&l[row * a], &r[row * b]))
    };
    let values = match comparison {
        Comparison::NotEqual | Comparison::Distinct => collect(|x, y| x != y),
        Comparison::Less => collect(|x, y| x < y),
        Comparison::LessOrEqual => collect(|x, y| x <= y),
        Comparison::Greater => collect(|x, y| x > y),
        Comparison::GreaterOrEqual => collect(|x, y| x >= y),
        Comparison::Equal | Comparison::NotDistinct => collect(|x, y| x == y),
    };
    BooleanArray::new(values, nulls)
}

fn kernel(comparison: Comparison, left: &ArrayRef, right: &ArrayRef, rows: usize) -> Result<BooleanArray, ArrowError> {
    let apply: fn(&dyn Datum, &dyn Datum) -> Result<BooleanArray, ArrowError> = match comparison {
        Comparison::NotEqual | Comparison::Distinct => cmp::neq,
        Comparison::Less => cmp::lt,
        Comparison::LessOrEqual => cmp::lt_eq,
        Comparison::Greater => cmp::gt,
        Comparison::GreaterOrEqual => cmp::gt_eq,
        Comparison::Equal | Comparison::NotDistinct => cmp::eq,
    };
    match (left.len() == rows, right.len() == rows) {
        (true, true) => apply(left, right),
        (true, false) => apply(left, &Scalar::new(Arc::clone(right))),
        _ => apply(&Scalar::new(Arc::clone(left)), right),
    }
}
