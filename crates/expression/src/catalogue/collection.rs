//! Signatures of the functions on arrays and maps. `CARDINALITY`, `ELEMENT`, constructors and access are operators.

use flott_record::{DataType, Field, TypeKind};

use super::signature::{Call, Family};
use super::{Argument, Resolution, SignatureError, can_cast_implicitly, common_type};

use Family::{Array, Character, Integer, Map};

type Resolved = Result<Resolution, SignatureError>;

/// The call's types; `None` if the function is of another family.
pub(super) fn resolve(name: &str, arguments: &[Argument]) -> Option<Result<Resolution, SignatureError>> {
    let call = Call::new(name, arguments);
    let resolved = match name {
        "ARRAY_CONTAINS" => with_element(call, "haystack", "needle").map(|call| {
            let nullable = call.types[0].nullable;
            call.gives_exactly(TypeKind::Boolean.nullable().with_nullable(nullable))
        }),
        "ARRAY_POSITION" => with_element(call, "haystack", "needle").map(|call| call.gives(TypeKind::Int)),
        "ARRAY_REMOVE" => with_element(call, "haystack", "needle").map(same_as_first),
        "ARRAY_APPEND" | "ARRAY_PREPEND" => with_element(call, "array", "element").map(longer),
        "ARRAY_DISTINCT" | "ARRAY_REVERSE" => {
            let expected = format!("{name}(haystack <ARRAY>)");
            call.of(&[Array], &expected).map(same_as_first)
        }
        "ARRAY_SLICE" => {
            let expected = "ARRAY_SLICE(<ARRAY>, <INTEGER>, <INTEGER>)\nARRAY_SLICE(<ARRAY>, <INTEGER>)";
            call.of_at_least(&[Array, Integer, Integer], 2, expected).map(slice)
        }
        "ARRAY_SORT" => sort(call),
        "ARRAY_MAX" | "ARRAY_MIN" => extreme(call),
        "ARRAY_JOIN" => join(call),
        "ARRAY_CONCAT" => common(call, 1, usize::MAX, "ARRAY_CONCAT(<COMMON>, <COMMON>...)", Array),
        "ARRAY_UNION" | "ARRAY_EXCEPT" | "ARRAY_INTERSECT" => {
            let expected = format!("{name}(<COMMON>, <COMMON>)");
            common(call, 2, 2, &expected, Array)
        }
        "MAP_KEYS" | "MAP_VALUES" | "MAP_ENTRIES" => map_parts(call),
        "MAP_FROM_ARRAYS" => {
            let expected = "MAP_FROM_ARRAYS(keysArray <ARRAY>, valuesArray <ARRAY>)";
            call.of(&[Array; 2], expected).map(|call| {
                let (key, value) = (element(call.kind(0)), element(call.kind(1)));
                call.gives(TypeKind::Map(Box::new(key), Box::new(value)))
            })
        }
        "MAP_UNION" => common(call, 1, usize::MAX, "MAP_UNION(<COMMON>, <COMMON>...)", Map),
        _ => return None,
    };
    Some(resolved)
}

/// Element type of an array.
fn element(kind: &TypeKind) -> DataType {
    match kind {
        TypeKind::Array(element) => (**element).clone(),
        other => other.clone().nullable(),
    }
}

/// An array and something that can be its element.
fn with_element<'a>(call: Call<'a>, array: &str, other: &str) -> Result<Call<'a>, SignatureError> {
    let expected = format!("{}({array} <ARRAY>, {other} <ARRAY ELEMENT>)", call.name);
    let call = call.of(&[Array, Family::Any], &expected)?;
    let element = element(call.kind(0));
    if element.kind == TypeKind::Null {
        let kind = call.kind(1).clone();
        return Ok(call.cast(0, TypeKind::Array(Box::new(kind.nullable()))));
    }
    if !can_cast_implicitly(&call.types[1], &element) && !same_texts(call.kind(1), &element.kind) {
        return Err(call.wrong(&expected));
    }
    Ok(call.cast(1, element.kind))
}

/// Texts and bytes of any length can be elements of an array of fixed-length ones.
fn same_texts(left: &TypeKind, right: &TypeKind) -> bool {
    (left.is_character() && right.is_character()) || (left.is_binary() && right.is_binary())
}

fn same_as_first(call: Call<'_>) -> Resolution {
    let data_type = call.types[0].clone();
    call.gives_exactly(data_type)
}

/// The array's type, whose elements may be NULL if the new one may be.
fn longer(call: Call<'_>) -> Resolution {
    let element = element(call.kind(0));
    let nullable = element.nullable || call.types[1].nullable;
    let kind = TypeKind::Array(Box::new(element.with_nullable(nullable)));
    let call = call.cast(0, kind.clone());
    call.gives(kind)
}

fn slice(mut call: Call<'_>) -> Resolution {
    for index in 1..call.len() {
        call = call.cast(index, TypeKind::Int);
    }
    let kind = call.kind(0).clone();
    call.gives(kind)
}

fn is_ordered(kind: &TypeKind) -> bool {
    let nested = matches!(
        kind,
        TypeKind::Array(_)
            | TypeKind::Map(..)
            | TypeKind::Multiset(_)
            | TypeKind::Row(_)
            | TypeKind::Structured(..)
            | TypeKind::Variant
            | TypeKind::Bitmap
    );
    !nested && *kind != TypeKind::Boolean && *kind != TypeKind::Null
}

fn sort(call: Call<'_>) -> Resolved {
    let expected = "ARRAY_SORT(<ARRAY<COMPARABLE>>)\nARRAY_SORT(<ARRAY<COMPARABLE>>, <BOOLEAN>)\nARRAY_SORT(<ARRAY<COMPARABLE>>, \
                    <BOOLEAN>, <BOOLEAN>)";
    let call = call.of_at_least(&[Array, Family::Boolean, Family::Boolean], 1, expected)?;
    let element = element(call.kind(0)).kind;
    if !is_ordered(&element) && element != TypeKind::Boolean {
        return Err(call.wrong(expected));
    }
    let kind = call.kind(0).clone();
    Ok(call.gives(kind))
}

fn extreme(call: Call<'_>) -> Resolved {
    let expected = format!("{}(<ARRAY<COMPARABLE>>)", call.name);
    let call = call.of(&[Array], &expected)?;
    let element = element(call.kind(0)).kind;
    if !is_ordered(&element) {
        return Err(call.wrong(&expected));
    }
    Ok(call.gives_nullable(element))
}

fn join(call: Call<'_>) -> Resolved {
    let expected = "ARRAY_JOIN(ARRAY<STRING>, <CHARACTER_STRING>)\nARRAY_JOIN(ARRAY<STRING>, <CHARACTER_STRING>, \
                    <CHARACTER_STRING>)";
    let call = call.of_at_least(&[Array, Character, Character], 2, expected)?;
    if !element(call.kind(0)).kind.is_character() {
        return Err(call.wrong(expected));
    }
    Ok(call.gives(TypeKind::string()))
}

/// All arguments have a common type, which is the result's.
fn common(call: Call<'_>, least: usize, most: usize, expected: &str, family: Family) -> Resolved {
    if !call.fits_all(family, least, most) {
        return Err(call.wrong(expected));
    }
    let types: Vec<&DataType> = call.types.iter().collect();
    let Some(common) = common_type(&types) else { return Err(call.wrong(expected)) };
    if common.kind == TypeKind::Null {
        return Err(call.wrong(expected));
    }
    Ok(call.cast_all(&common.kind).gives(common.kind))
}

fn map_parts(call: Call<'_>) -> Resolved {
    let expected = format!("{}(input <MAP>)", call.name);
    let call = call.of(&[Map], &expected)?;
    let TypeKind::Map(key, value) = call.kind(0).clone() else { return Err(call.wrong(&expected)) };
    let element = match call.name {
        "MAP_KEYS" => *key,
        "MAP_VALUES" => *value,
        _ => TypeKind::Row(vec![Field::new("key", *key), Field::new("value", *value)]).nullable(),
    };
    Ok(call.gives(TypeKind::Array(Box::new(element))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(name: &str, types: &[DataType]) -> String {
        let arguments: Vec<Argument> =
            types.iter().map(|data_type| Argument { data_type: data_type.clone(), literal: None }).collect();
        match resolve(name, &arguments).expect("a collection function") {
            Ok(resolution) => resolution.data_type.to_string(),
            Err(error) => error.to_string(),
        }
    }

    fn array(element: DataType) -> DataType {
        TypeKind::Array(Box::new(element)).not_null()
    }

    #[test]
    fn types_are_those_of_flink() {
        let ints = array(TypeKind::Int.not_null());
        let decimal = TypeKind::Decimal { precision: 2, scale: 1 }.not_null();
        assert_eq!(type_of("ARRAY_APPEND", &[ints.clone(), TypeKind::Int.nullable()]), "ARRAY<INT>");
        assert_eq!(type_of("ARRAY_CONTAINS", &[ints.clone(), TypeKind::Int.nullable()]), "BOOLEAN NOT NULL");
        assert!(type_of("ARRAY_CONTAINS", &[ints.clone(), decimal.clone()]).contains("<ARRAY ELEMENT>"));
        let concatenated = type_of("ARRAY_CONCAT", &[ints.clone(), array(decimal)]);
        assert_eq!(concatenated, "ARRAY<DECIMAL(11, 1) NOT NULL> NOT NULL");
        assert_eq!(type_of("ARRAY_MAX", std::slice::from_ref(&ints)), "INT");
        assert!(type_of("ARRAY_MAX", &[array(ints)]).contains("COMPARABLE"));
        let map = TypeKind::Map(Box::new(TypeKind::Char(1).not_null()), Box::new(TypeKind::Int.not_null())).not_null();
        let entries = type_of("MAP_ENTRIES", &[map]);
        assert_eq!(entries, "ARRAY<ROW<`key` CHAR(1) NOT NULL, `value` INT NOT NULL>> NOT NULL");
    }
}
