//! Calls with their clauses: arguments, FILTER, OVER; JSON functions; tables as arguments.

use flott_syntax::ast::{
    self, Expression, ExpressionKind, FunctionArgument, FunctionArguments, FunctionCall, Identifier, JsonFunction,
    JsonInput, JsonNullClause, JsonQueryBehavior, JsonQueryWrapper, JsonValueBehavior, NullOrder, NullTreatment,
    OrderItem, Over, SetQuantifier, TableArgument, TableArgumentSource, WindowSpecification,
};

use super::data_type::cast_type_text;
use super::expression::{expression_text, name_text};
use super::query::query_text;
use crate::catalog::store::quote;

/// Functions that Flink's catalog resolves, which Calcite therefore writes as names: as they were written, in back-ticks.
#[rustfmt::skip]
const CATALOG_FUNCTIONS: &[&str] = &[
    "ARRAY_APPEND", "ARRAY_CONCAT", "ARRAY_CONTAINS", "ARRAY_DISTINCT", "ARRAY_EXCEPT", "ARRAY_INTERSECT",
    "ARRAY_JOIN", "ARRAY_MAX", "ARRAY_MIN", "ARRAY_POSITION", "ARRAY_PREPEND", "ARRAY_REMOVE", "ARRAY_REVERSE",
    "ARRAY_SLICE", "ARRAY_SORT", "ARRAY_UNION", "BITMAP_AND", "BITMAP_ANDNOT", "BITMAP_AND_AGG",
    "BITMAP_AND_CARDINALITY_AGG", "BITMAP_BUILD", "BITMAP_BUILD_AGG", "BITMAP_BUILD_CARDINALITY_AGG",
    "BITMAP_CARDINALITY", "BITMAP_FROM_BYTES", "BITMAP_OR", "BITMAP_OR_AGG", "BITMAP_OR_CARDINALITY_AGG",
    "BITMAP_TO_ARRAY", "BITMAP_TO_BYTES", "BITMAP_TO_STRING", "BITMAP_XOR", "BITMAP_XOR_AGG",
    "BITMAP_XOR_CARDINALITY_AGG", "BTRIM", "CURRENT_WATERMARK", "ELT", "ENDSWITH", "FROM_CHANGELOG", "GREATEST",
    "IFNULL", "INET_ATON", "INET_NTOA", "JSON", "JSON_QUOTE", "JSON_STRING", "JSON_UNQUOTE", "LEAST", "MAP_ENTRIES",
    "MAP_FROM_ARRAYS", "MAP_KEYS", "MAP_UNION", "MAP_VALUES", "ML_PREDICT", "OBJECT_OF", "OBJECT_UPDATE",
    "PARSE_JSON", "PERCENTILE", "PRINTF", "REGEXP_COUNT", "REGEXP_EXTRACT_ALL", "REGEXP_INSTR", "REGEXP_SUBSTR",
    "SOURCE_WATERMARK", "SPLIT", "STARTSWITH", "TO_CHANGELOG", "TO_TIMESTAMP_LTZ", "TRY_PARSE_JSON", "TYPEOF",
    "UNHEX", "URL_DECODE", "URL_ENCODE",
];

/// `a, b`
pub(super) fn list_text(expressions: &[Expression]) -> String {
    expressions.iter().map(expression_text).collect::<Vec<_>>().join(", ")
}

/// A call with all that follows it.
pub(super) fn call_text(call: &FunctionCall) -> String {
    let name = function_name(call);
    if let Some(text) = rewritten(call, &name) {
        return text;
    }
    let mut text = match &call.arguments {
        FunctionArguments::Absent => return name,
        FunctionArguments::Star => format!("{name}(*"),
        FunctionArguments::List(list) => {
            let arguments: Vec<String> = list.iter().map(argument_text).collect();
            let quantifier = match call.quantifier {
                Some(SetQuantifier::Distinct) => "DISTINCT ",
                Some(SetQuantifier::All) => "ALL ",
                None => "",
            };
            format!("{name}({quantifier}{}", arguments.join(", "))
        }
    };
    if !call.order_by.is_empty() {
        text.push_str(&format!(" ORDER BY {}", order_text(&call.order_by)));
    }
    text.push(')');
    match call.null_treatment {
        Some(NullTreatment::Ignore) => text.push_str(" IGNORE NULLS"),
        Some(NullTreatment::Respect) => text.push_str(" RESPECT NULLS"),
        None => {}
    }
    if !call.within_group.is_empty() {
        text.push_str(&format!(" WITHIN GROUP (ORDER BY {})", order_text(&call.within_group)));
    }
    if let Some(filter) = &call.filter {
        text.push_str(&format!(" FILTER (WHERE {})", expression_text(filter)));
    }
    text.push_str(&over_text(call.over.as_ref()));
    text
}

fn over_text(over: Option<&Over>) -> String {
    match over {
        None => String::new(),
        Some(Over::Name(name)) => format!(" OVER {}", quote(&name.value)),
        Some(Over::Window(window)) => format!(" OVER ({})", window_text(window)),
    }
}

fn function_name(call: &FunctionCall) -> String {
    let [only] = call.name.parts.as_slice() else { return name_text(&call.name) };
    let upper = only.value.to_uppercase();
    let from_catalog = CATALOG_FUNCTIONS.contains(&upper.as_str()) || !flott_expression::catalogue::is_function(&upper);
    if from_catalog { quote(&only.value) } else { upper }
}

/// Functions that Calcite writes in another form than as a plain call.
fn rewritten(call: &FunctionCall, name: &str) -> Option<String> {
    let FunctionArguments::List(list) = &call.arguments else { return None };
    let arguments: Vec<String> = list.iter().map(argument_text).collect();
    match (name, arguments.as_slice()) {
        ("OVERLAY", [text, part, from]) => Some(format!("OVERLAY({text} PLACING {part} FROM {from})")),
        ("OVERLAY", [text, part, from, length]) => {
            Some(format!("OVERLAY({text} PLACING {part} FROM {from} FOR {length})"))
        }
        ("POSITION", [part, text]) => Some(format!("POSITION({part} IN {text})")),
        ("NULLIF", [left, right]) => Some(format!("CASE WHEN {left} = {right} THEN NULL ELSE {left} END")),
        _ => None,
    }
}

fn argument_text(argument: &FunctionArgument) -> String {
    let value = expression_text(&argument.value);
    match &argument.name {
        Some(name) => format!("{} => {value}", quote(&name.value)),
        None => value,
    }
}

/// A table as an argument; after expansion it is a query.
pub(super) fn table_argument_text(argument: &TableArgument) -> String {
    let mut text = match &argument.source {
        TableArgumentSource::Name(name) => format!("TABLE {}", name_text(name)),
        TableArgumentSource::Query(query) => format!("({})", query_text(query)),
    };
    if !argument.partition_by.is_empty() {
        text.push_str(&format!(" PARTITION BY {}", list_text(&argument.partition_by)));
    }
    if !argument.order_by.is_empty() {
        text.push_str(&format!(" ORDER BY {}", order_text(&argument.order_by)));
    }
    text
}

/// The inside of `OVER (..)`.
pub(super) fn window_text(window: &WindowSpecification) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(window.base.as_ref().map(|base: &Identifier| quote(&base.value)));
    if !window.partition_by.is_empty() {
        parts.push(format!("PARTITION BY {}", list_text(&window.partition_by)));
    }
    if !window.order_by.is_empty() {
        parts.push(format!("ORDER BY {}", order_text(&window.order_by)));
    }
    if let Some(frame) = &window.frame {
        parts.push(frame_text(frame));
    }
    parts.join(" ")
}

fn frame_text(frame: &ast::WindowFrame) -> String {
    let unit = if frame.unit == ast::WindowFrameUnit::Rows { "ROWS" } else { "RANGE" };
    match &frame.end {
        Some(end) => format!("{unit} BETWEEN {} AND {}", bound_text(&frame.start), bound_text(end)),
        None => format!("{unit} {}", bound_text(&frame.start)),
    }
}

fn bound_text(bound: &ast::WindowFrameBound) -> String {
    match bound {
        ast::WindowFrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_string(),
        ast::WindowFrameBound::Preceding(distance) => format!("{} PRECEDING", expression_text(distance)),
        ast::WindowFrameBound::CurrentRow => "CURRENT ROW".to_string(),
        ast::WindowFrameBound::Following(distance) => format!("{} FOLLOWING", expression_text(distance)),
        ast::WindowFrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_string(),
    }
}

/// `a DESC NULLS LAST, b`
pub(super) fn order_text(items: &[OrderItem]) -> String {
    let item = |item: &OrderItem| {
        let descending = if item.descending { " DESC" } else { "" };
        let nulls = match item.nulls {
            Some(NullOrder::First) => " NULLS FIRST",
            Some(NullOrder::Last) => " NULLS LAST",
            None => "",
        };
        format!("{}{descending}{nulls}", expression_text(&item.expression))
    };
    items.iter().map(item).collect::<Vec<_>>().join(", ")
}

/// A JSON function with the clauses that Calcite makes explicit.
pub(super) fn json_text(function: &JsonFunction) -> String {
    match function {
        JsonFunction::Exists { input, path, on_error } => {
            let on_error = on_error.map_or_else(String::new, |behavior| format!(" {} ON ERROR", exists_word(behavior)));
            format!("JSON_EXISTS({}, {}{on_error})", expression_text(input), expression_text(path))
        }
        JsonFunction::Value { input, path, returning, on_empty, on_error } => {
            let mut text = format!("JSON_VALUE({}, {}", expression_text(input), expression_text(path));
            if let Some(data_type) = returning {
                text.push_str(&format!(" RETURNING {}", cast_type_text(data_type)));
            }
            for (behavior, place) in [(on_empty, "EMPTY"), (on_error, "ERROR")] {
                if let Some(behavior) = behavior {
                    text.push_str(&format!(" {} ON {place}", value_behavior(behavior)));
                }
            }
            text + ")"
        }
        JsonFunction::Query { input, path, returning, wrapper, on_empty, on_error } => {
            let returning = returning.as_ref();
            let returning = returning.map_or_else(String::new, |kind| format!(" RETURNING {}", cast_type_text(kind)));
            let wrapper = match wrapper {
                None | Some(JsonQueryWrapper::Without) => "WITHOUT ARRAY",
                Some(JsonQueryWrapper::Conditional) => "WITH CONDITIONAL ARRAY",
                Some(JsonQueryWrapper::Unconditional) => "WITH UNCONDITIONAL ARRAY",
            };
            let (empty, error) = (query_behavior(*on_empty), query_behavior(*on_error));
            let (input, path) = (expression_text(input), expression_text(path));
            format!("JSON_QUERY({input}, {path}{returning} {wrapper} WRAPPER {empty} ON EMPTY {error} ON ERROR)")
        }
        JsonFunction::Object { entries, on_null } => {
            let entries: Vec<String> = entries.iter().map(entry_text).collect();
            format!("JSON_OBJECT({} {})", entries.join(", "), null_clause(*on_null, JsonNullClause::NullOnNull))
        }
        JsonFunction::Array { values, on_null } => {
            let values: Vec<String> = values.iter().map(input_text).collect();
            format!("JSON_ARRAY({} {})", values.join(", "), null_clause(*on_null, JsonNullClause::AbsentOnNull))
        }
        aggregate => json_aggregate_text(aggregate),
    }
}

fn json_aggregate_text(function: &JsonFunction) -> String {
    let (mut text, filter, over) = match function {
        JsonFunction::ObjectAggregate { entry, on_null, filter, over } => {
            let clause = null_clause(*on_null, JsonNullClause::NullOnNull);
            (format!("JSON_OBJECTAGG({} {clause})", entry_text(entry)), filter, over)
        }
        JsonFunction::ArrayAggregate { value, order_by, on_null, filter, over } => {
            let clause = null_clause(*on_null, JsonNullClause::AbsentOnNull);
            let mut text = format!("JSON_ARRAYAGG({} {clause})", input_text(value));
            if !order_by.is_empty() {
                text.push_str(&format!(" WITHIN GROUP (ORDER BY {})", order_text(order_by)));
            }
            (text, filter, over)
        }
        other => return ExpressionKind::Json(Box::new(other.clone())).to_string(),
    };
    if let Some(filter) = filter {
        text.push_str(&format!(" FILTER (WHERE {})", expression_text(filter)));
    }
    text + &over_text(over.as_ref())
}

fn entry_text(entry: &ast::JsonEntry) -> String {
    format!("KEY {} VALUE {}", expression_text(&entry.key), input_text(&entry.value))
}

fn input_text(input: &JsonInput) -> String {
    let format = if input.format_json { " FORMAT JSON" } else { "" };
    format!("{}{format}", expression_text(&input.value))
}

fn exists_word(behavior: ast::JsonExistsBehavior) -> &'static str {
    match behavior {
        ast::JsonExistsBehavior::True => "TRUE",
        ast::JsonExistsBehavior::False => "FALSE",
        ast::JsonExistsBehavior::Unknown => "UNKNOWN",
        ast::JsonExistsBehavior::Error => "ERROR",
    }
}

fn value_behavior(behavior: &JsonValueBehavior) -> String {
    match behavior {
        JsonValueBehavior::Null => "NULL".to_string(),
        JsonValueBehavior::Error => "ERROR".to_string(),
        JsonValueBehavior::Default(value) => format!("DEFAULT {}", expression_text(value)),
    }
}

fn query_behavior(behavior: Option<JsonQueryBehavior>) -> &'static str {
    match behavior {
        None | Some(JsonQueryBehavior::Null) => "NULL",
        Some(JsonQueryBehavior::Error) => "ERROR",
        Some(JsonQueryBehavior::EmptyArray) => "EMPTY ARRAY",
        Some(JsonQueryBehavior::EmptyObject) => "EMPTY OBJECT",
    }
}

fn null_clause(clause: Option<JsonNullClause>, default: JsonNullClause) -> &'static str {
    match clause.unwrap_or(default) {
        JsonNullClause::NullOnNull => "NULL ON NULL",
        JsonNullClause::AbsentOnNull => "ABSENT ON NULL",
    }
}
