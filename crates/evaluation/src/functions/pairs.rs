//! Functions of two number arrays, either of which may be a literal of one row.

use arrow_arith::arity::{binary, try_binary};
use arrow_array::builder::PrimitiveBuilder;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::ArrowError;

use super::mapping::failed;
use crate::evaluator::EvaluationError;

/// A number for each pair, infallibly; computed under NULLs, too, so that the loop has no branch.
pub(crate) fn zip<A, B, O>(
    left: &PrimitiveArray<A>,
    right: &PrimitiveArray<B>,
    compute: impl Fn(A::Native, B::Native) -> O::Native,
) -> Result<PrimitiveArray<O>, EvaluationError>
where
    A: ArrowPrimitiveType,
    B: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    if left.len() == right.len() {
        return Ok(binary(left, right, compute)?);
    }
    if right.len() == 1 {
        if right.is_null(0) {
            return Ok(PrimitiveArray::new_null(left.len()));
        }
        let fixed = right.value(0);
        return Ok(left.unary(|value| compute(value, fixed)));
    }
    if left.is_null(0) {
        return Ok(PrimitiveArray::new_null(right.len()));
    }
    let fixed = left.value(0);
    Ok(right.unary(|value| compute(fixed, value)))
}

/// A number, or NULL, for each pair where neither is NULL; fails with a message.
pub(crate) fn zip_checked<A, B, O>(
    left: &PrimitiveArray<A>,
    right: &PrimitiveArray<B>,
    compute: impl Fn(A::Native, B::Native) -> Result<Option<O::Native>, &'static str>,
) -> Result<PrimitiveArray<O>, EvaluationError>
where
    A: ArrowPrimitiveType,
    B: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    let rows = if left.len() == 1 { right.len() } else { left.len() };
    let (left_step, right_step) = (usize::from(left.len() == rows), usize::from(right.len() == rows));
    let mut builder = PrimitiveBuilder::<O>::with_capacity(rows);
    for row in 0..rows {
        let (i, j) = (row * left_step, row * right_step);
        if left.is_null(i) || right.is_null(j) {
            builder.append_null();
        } else {
            let value = compute(left.value(i), right.value(j)).map_err(|message| failed(row, message))?;
            builder.append_option(value);
        }
    }
    Ok(builder.finish())
}

/// The quotient or remainder of integers; a divisor of 0 fails with `message`.
pub(crate) fn zip_divide<T: ArrowPrimitiveType>(
    left: &PrimitiveArray<T>,
    right: &PrimitiveArray<T>,
    message: &'static str,
    compute: impl Fn(T::Native, T::Native) -> T::Native,
) -> Result<PrimitiveArray<T>, EvaluationError> {
    let zero = T::Native::default();
    if right.len() == 1 && !right.is_null(0) && right.value(0) != zero {
        return zip(left, right, compute);
    }
    if left.len() == right.len() {
        let divided: Result<PrimitiveArray<T>, ArrowError> =
            try_binary(left, right, |a, b| if b == zero { Err(ArrowError::DivideByZero) } else { Ok(compute(a, b)) });
        if let Ok(array) = divided {
            return Ok(array);
        }
    }
    zip_checked(left, right, |a, b| if b == zero { Err(message) } else { Ok(Some(compute(a, b))) })
}
