//! What a statement that needs no job gives.

use flott_record::{DataType, TypeKind, Value};

/// Whether a statement just succeeded or has rows to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// It succeeded: `OK`.
    Ok,
    /// It has rows.
    Rows,
}

/// The result of a statement that needs no job.
#[derive(Clone, Debug, PartialEq)]
pub struct StatementResult {
    /// Whether there are rows to show.
    pub kind: ResultKind,
    /// Names and types of the columns.
    pub columns: Vec<(String, DataType)>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// What the user should know although the statement succeeded.
    pub warning: Option<String>,
}

impl StatementResult {
    /// `OK`
    pub fn ok() -> Self {
        let columns = vec![("result".to_string(), TypeKind::string().nullable())];
        let rows = vec![vec![Value::String("OK".to_string())]];
        StatementResult { kind: ResultKind::Ok, columns, rows, warning: None }
    }

    /// `OK`, with a hint.
    pub fn ok_with_warning(warning: Option<String>) -> Self {
        StatementResult { warning, ..StatementResult::ok() }
    }

    /// Rows of these columns.
    pub fn rows(columns: &[(&str, TypeKind)], rows: Vec<Vec<Value>>) -> Self {
        let columns = columns.iter().map(|(name, kind)| (name.to_string(), kind.clone().nullable())).collect();
        StatementResult { kind: ResultKind::Rows, columns, rows, warning: None }
    }

    /// One column of texts.
    pub fn texts(column: &str, texts: impl IntoIterator<Item = String>) -> Self {
        let rows = texts.into_iter().map(|text| vec![Value::String(text)]).collect();
        StatementResult::rows(&[(column, TypeKind::string())], rows)
    }
}

/// A text, or NULL.
pub(super) fn text_or_null(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::String)
}
