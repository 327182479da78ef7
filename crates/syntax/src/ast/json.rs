//! The JSON functions of the SQL standard, which have clauses of their own.

use super::{DataType, Expression, Over};

/// A JSON function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum JsonFunction {
    /// `JSON_EXISTS(input, path [.. ON ERROR])`
    Exists { input: Expression, path: Expression, on_error: Option<JsonExistsBehavior> },
    /// `JSON_VALUE(input, path [RETURNING type] [.. ON EMPTY] [.. ON ERROR])`
    Value {
        input: Expression,
        path: Expression,
        returning: Option<DataType>,
        on_empty: Option<JsonValueBehavior>,
        on_error: Option<JsonValueBehavior>,
    },
    /// `JSON_QUERY(input, path [RETURNING type] [wrapper] [.. ON EMPTY] [.. ON ERROR])`
    Query {
        input: Expression,
        path: Expression,
        returning: Option<DataType>,
        wrapper: Option<JsonQueryWrapper>,
        on_empty: Option<JsonQueryBehavior>,
        on_error: Option<JsonQueryBehavior>,
    },
    /// `JSON_OBJECT(key VALUE value, .. [NULL|ABSENT ON NULL])`
    Object { entries: Vec<JsonEntry>, on_null: Option<JsonNullClause> },
    /// `JSON_ARRAY(value, .. [NULL|ABSENT ON NULL])`
    Array { values: Vec<JsonInput>, on_null: Option<JsonNullClause> },
    /// `JSON_OBJECTAGG(key VALUE value [NULL|ABSENT ON NULL]) [FILTER ..] [OVER ..]`
    ObjectAggregate {
        entry: JsonEntry,
        on_null: Option<JsonNullClause>,
        filter: Option<Expression>,
        over: Option<Over>,
    },
    /// `JSON_ARRAYAGG(value [ORDER BY ..] [NULL|ABSENT ON NULL]) [FILTER ..] [OVER ..]`
    ArrayAggregate {
        value: JsonInput,
        order_by: Vec<super::OrderItem>,
        on_null: Option<JsonNullClause>,
        filter: Option<Expression>,
        over: Option<Over>,
    },
}

/// `key VALUE value`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonEntry {
    pub key: Expression,
    pub value: JsonInput,
}

/// A value given to a JSON constructor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonInput {
    pub value: Expression,
    /// `FORMAT JSON`: the value is JSON text already, not a string to be quoted.
    pub format_json: bool,
}

/// `NULL ON NULL`, `ABSENT ON NULL`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonNullClause {
    NullOnNull,
    AbsentOnNull,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonExistsBehavior {
    True,
    False,
    Unknown,
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum JsonValueBehavior {
    Null,
    Error,
    /// `DEFAULT value`
    Default(Expression),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonQueryBehavior {
    Null,
    Error,
    EmptyArray,
    EmptyObject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonQueryWrapper {
    /// `WITHOUT [ARRAY] WRAPPER`
    Without,
    /// `WITH CONDITIONAL [ARRAY] WRAPPER`
    Conditional,
    /// `WITH [UNCONDITIONAL] [ARRAY] WRAPPER`
    Unconditional,
}
