//! Access to parts of nested values.

use flott_record::TypeKind;

use crate::tree::{answer, call, cast, int, null, text};

#[test]
fn items_out_of_range_are_null() {
    let array = || call("ARRAY", vec![int(1), int(2), int(3)]);
    assert_eq!(answer(call("ITEM", vec![array(), int(1)])), "INT | 1");
    assert_eq!(answer(call("ITEM", vec![array(), int(5)])), "INT | null");
    let map = || call("MAP", vec![text("a"), int(1)]);
    assert_eq!(answer(call("ITEM", vec![map(), text("a")])), "INT | 1");
    assert_eq!(answer(call("ITEM", vec![map(), text("bc")])), "INT | null");
    assert_eq!(answer(call("CARDINALITY", vec![array()])), "INT NOT NULL | 3");
    let none = null(TypeKind::Array(Box::new(TypeKind::Int.nullable())));
    assert_eq!(answer(call("CARDINALITY", vec![none])), "INT | null");
}

#[test]
fn an_element_must_be_alone() {
    assert_eq!(answer(call("ELEMENT", vec![call("ARRAY", vec![int(1)])])), "INT NOT NULL | 1");
    let two = call("ELEMENT", vec![call("ARRAY", vec![int(1), int(2)])]);
    assert_eq!(answer(two), "ERROR Array has more than one element.");
}

#[test]
fn a_variant_has_members_and_elements() {
    let variant = || call("PARSE_JSON", vec![text("{\"a\":[1,{\"b\":2}]}")]);
    let member = || call("ITEM", vec![variant(), text("a")]);
    assert_eq!(answer(member()), "VARIANT | [1,{\"b\":2}]");
    assert_eq!(answer(call("ITEM", vec![member(), int(2)])), "VARIANT | {\"b\":2}");
    assert_eq!(answer(call("ITEM", vec![variant(), text("z")])), "VARIANT | null");
}

#[test]
fn fields_are_found_by_position_and_name() {
    let row = || call("ROW", vec![int(1), text("a")]);
    assert_eq!(answer(call("FIELD", vec![row(), int(1)])), "CHAR(1) NOT NULL | a");
    assert_eq!(answer(call("ITEM", vec![row(), int(1)])), "INT NOT NULL | 1");
    assert_eq!(answer(call("ITEM", vec![row(), text("EXPR$1")])), "CHAR(1) NOT NULL | a");
    let whole = cast(row(), TypeKind::string());
    assert_eq!(answer(whole), "STRING NOT NULL | (1, a)");
}
