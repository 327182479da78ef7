//! Binding of expressions, by the text of the bound tree.

use flott_record::TypeKind;

use super::*;
use crate::relation::Column;

fn bind(text: &str) -> Result<Expression> {
    let scope = Scope::of_table(
        Some("t".to_string()),
        vec![
            Column::new("i", TypeKind::Int.nullable()),
            Column::new("price", TypeKind::string().nullable()),
            Column::new("b", TypeKind::Boolean.not_null()),
        ],
    );
    let binder = ExpressionBinder { scope: &scope, time_zone: "UTC", objects: None };
    binder.bind(&flott_syntax::parse_expression(text)?, &mut NoIntercept)
}

fn bound(text: &str) -> String {
    match bind(text) {
        Ok(expression) => format!("{expression}: {}", expression.data_type()),
        Err(error) => error.message,
    }
}

#[test]
fn connectives_are_flat_and_conditions_are_checked() {
    assert_eq!(bound("b AND b AND NOT b"), "AND($2, $2, NOT($2)): BOOLEAN NOT NULL");
    assert_eq!(bound("b OR NULL"), "OR($2, null): BOOLEAN");
    let dates = bound("DATE '2024-01-01' IN ('2024-01-01', '2024-01-02')");
    assert!(dates.starts_with("OR(=(2024-01-01, '2024-01-01'), =("), "{dates}");
    assert!(bound("b AND i").starts_with("Cannot apply 'AND' to arguments of type '<BOOLEAN> AND <INTEGER>'"));
}

#[test]
fn case_has_the_common_type_of_its_results() {
    assert_eq!(bound("CASE WHEN b THEN 'a' ELSE 'bcd' END"), "CASE($2, 'a', 'bcd'): VARCHAR(3) NOT NULL");
    assert_eq!(bound("CASE WHEN b THEN 1 END"), "CASE($2, 1, null): INT");
    assert_eq!(bound("CASE WHEN b THEN 1 ELSE 'x' END"), "Illegal mixing of types in CASE or COALESCE statement");
}

#[test]
fn casts_are_checked_against_the_matrix() {
    assert_eq!(bound("CAST(i AS BIGINT)"), "CAST($0 AS BIGINT): BIGINT");
    assert_eq!(bound("TRY_CAST('1' AS INT)"), "TRY_CAST('1' AS INT): INT");
    assert_eq!(bound("CAST(i AS INT)"), "$0: INT");
    assert_eq!(bound("CAST(i AS DATE)"), "Cast function cannot convert value of type INTEGER to type DATE");
    let advice = bound("CAST(i AS TIMESTAMP(3))");
    assert!(
        advice.starts_with("The cast from NUMERIC type to TIMESTAMP type is not allowed. It's recommended"),
        "{advice}"
    );
}

#[test]
fn numbers_become_intervals_of_one_field() {
    assert_eq!(bound("CAST(2 AS INTERVAL DAY)"), "PT48H: INTERVAL SECOND(3) NOT NULL");
    assert_eq!(bound("CAST(i AS INTERVAL MONTH)"), "CAST($0 AS INTERVAL MONTH): INTERVAL MONTH");
    assert!(bound("CAST(i AS INTERVAL DAY TO SECOND)").ends_with("to type INTERVAL DAY TO SECOND"));
    assert_eq!(
        bound("(DATE '2024-03-01' - DATE '2024-01-01') MONTH").split(':').next_back(),
        Some(" INTERVAL MONTH NOT NULL")
    );
}

#[test]
fn json_constructors_may_be_plain_calls() {
    assert_eq!(bound("`JSON_ARRAY`(i, 2)"), bound("JSON_ARRAY(i, 2)"));
    assert_eq!(bound("`JSON_OBJECT`('k', i)"), bound("JSON_OBJECT('k' VALUE i)"));
}

#[test]
fn refusals_have_the_forms_of_the_call() {
    assert_eq!(
        bound("price < b"),
        "Cannot apply '<' to arguments of type '<VARCHAR(2147483647)> < <BOOLEAN>'. Supported form(s): '<COMPARABLE_TYPE> < <COMPARABLE_TYPE>'"
    );
    assert!(bound("POSITION(i IN price)").contains("'POSITION(<INTEGER> IN <VARCHAR(2147483647)>)'"));
    assert!(bound("-b").contains("'-<BOOLEAN>'. Supported form(s): '-<NUMERIC>'\n'-<DATETIME_INTERVAL>'"));
    assert!(
        bound("CARDINALITY(i)").ends_with("'CARDINALITY(<MULTISET>)'\n'CARDINALITY(<ARRAY>)'\n'CARDINALITY(<MAP>)'")
    );
}

#[test]
fn unknown_names_say_what_is_near() {
    let error = bind("i + uper(price)").expect_err("no such function");
    assert_eq!(error.message, "No match found for function signature uper(<CHARACTER>); did you mean UPPER?");
    assert_eq!(error.span.map(|span| (span.start, span.end)), Some((4, 15)));
    let error = bind("prcie").expect_err("no such column");
    assert!(error.message.contains("did you mean 'price'"), "{}", error.message);
}

#[test]
fn what_is_no_scalar_is_refused_with_its_place() {
    assert_eq!(bound("SUM(i)"), "Aggregate expression SUM is illegal here");
    assert_eq!(bound("i = ?"), "not supported: dynamic parameters (?)");
    assert_eq!(bound("EXISTS (SELECT 1)"), "not supported: EXISTS here");
}

#[test]
fn output_names_are_those_of_columns_and_fields() {
    let name = |text: &str| output_name(&flott_syntax::parse_expression(text).expect("an expression"));
    assert_eq!(name("t.i").as_deref(), Some("i"));
    assert_eq!(name("i + 1"), None);
}
