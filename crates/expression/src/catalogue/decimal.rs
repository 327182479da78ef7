//! How precise a DECIMAL result is, by Flink's rules.
//!
//! All rules cut results to 38 digits by giving up digits after the point, but never below 6 of them (or as many as the exact result
//! has, if fewer).

use flott_record::TypeKind;
use flott_record::data_type::DECIMAL_PRECISION_MAX;

/// Digits after the point that a quotient has at least, and that the cut to 38 digits leaves.
const SCALE_MIN: u32 = 6;

/// Precision and scale.
pub type Digits = (u8, u8);

/// Precision and scale with which an exact numeric kind takes part in decimal arithmetic; `None` for other kinds.
pub fn digits_of(kind: &TypeKind) -> Option<Digits> {
    match kind {
        TypeKind::TinyInt => Some((3, 0)),
        TypeKind::SmallInt => Some((5, 0)),
        TypeKind::Int => Some((10, 0)),
        TypeKind::BigInt => Some((19, 0)),
        TypeKind::Decimal { precision, scale } => Some((*precision, *scale)),
        _ => None,
    }
}

/// `a + b` and `a - b`.
pub fn sum(left: Digits, right: Digits) -> TypeKind {
    let ((p1, s1), (p2, s2)) = (wide(left), wide(right));
    let scale = s1.max(s2);
    adjust((p1 - s1).max(p2 - s2) + scale + 1, scale)
}

/// `a * b`
pub fn product(left: Digits, right: Digits) -> TypeKind {
    let ((p1, s1), (p2, s2)) = (wide(left), wide(right));
    adjust(p1 + p2 + 1, s1 + s2)
}

/// `a / b`
pub fn quotient(left: Digits, right: Digits) -> TypeKind {
    let ((p1, s1), (p2, s2)) = (wide(left), wide(right));
    let scale = SCALE_MIN.max(s1 + p2 + 1);
    adjust(p1 - s1 + s2 + scale, scale)
}

/// `a % b`
pub fn remainder(left: Digits, right: Digits) -> TypeKind {
    let ((p1, s1), (p2, s2)) = (wide(left), wide(right));
    let scale = s1.max(s2);
    adjust((p1 - s1).min(p2 - s2) + scale, scale)
}

/// `ROUND(a, places)`
pub fn rounded((precision, scale): Digits, places: i64) -> TypeKind {
    if places >= i64::from(scale) {
        return TypeKind::Decimal { precision, scale };
    }
    let whole = 1 + precision - scale;
    let scale = places.max(0) as u8;
    TypeKind::Decimal { precision: (whole + scale).min(DECIMAL_PRECISION_MAX), scale }
}

/// The narrowest DECIMAL that holds the whole digits and the digits after the point of both, if 38 digits allow.
pub fn union(left: Digits, right: Digits) -> TypeKind {
    let ((p1, s1), (p2, s2)) = (wide(left), wide(right));
    let scale = s1.max(s2);
    let whole = (p1 - s1).max(p2 - s2);
    let precision = (whole + scale).min(u32::from(DECIMAL_PRECISION_MAX));
    let scale = if whole + scale > precision { precision.saturating_sub(whole) } else { scale };
    TypeKind::Decimal { precision: precision as u8, scale: scale as u8 }
}

fn wide((precision, scale): Digits) -> (u32, u32) {
    (u32::from(precision), u32::from(scale))
}

fn adjust(precision: u32, scale: u32) -> TypeKind {
    let most = u32::from(DECIMAL_PRECISION_MAX);
    if precision <= most {
        return TypeKind::Decimal { precision: precision as u8, scale: scale as u8 };
    }
    let whole = precision - scale;
    let scale = most.saturating_sub(whole).max(scale.min(SCALE_MIN));
    TypeKind::Decimal { precision: DECIMAL_PRECISION_MAX, scale: scale as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_as_precise_as_in_flink() {
        assert_eq!(quotient((10, 0), (2, 1)).to_string(), "DECIMAL(17, 6)");
        assert_eq!(quotient((10, 2), (10, 0)).to_string(), "DECIMAL(21, 13)");
        assert_eq!(product((2, 1), (3, 2)).to_string(), "DECIMAL(6, 3)");
        assert_eq!(product((38, 10), (38, 10)).to_string(), "DECIMAL(38, 6)");
        assert_eq!(sum((2, 1), (3, 2)).to_string(), "DECIMAL(4, 2)");
        assert_eq!(union((10, 0), (2, 1)).to_string(), "DECIMAL(11, 1)");
        assert_eq!(rounded((7, 3), -2).to_string(), "DECIMAL(5, 0)");
    }
}
