//! Types as SHOW CREATE TABLE writes them, and as casts are written.

use flott_record::{DataType, Field, TypeKind};
use flott_syntax::ast::{self, DataTypeKind, TimeZoneKind};

use crate::catalog::store::quote;

/// A column's type in full: `VARCHAR(2147483647)`, `TIMESTAMP(3) WITH LOCAL TIME ZONE NOT NULL`.
pub(crate) fn column_type_text(data_type: &DataType) -> String {
    let null = if data_type.nullable { "" } else { " NOT NULL" };
    format!("{}{null}", kind_text(&data_type.kind))
}

fn kind_text(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Varchar(length) => format!("VARCHAR({length})"),
        TypeKind::Varbinary(length) => format!("VARBINARY({length})"),
        TypeKind::TimestampLtz(precision) => format!("TIMESTAMP({precision}) WITH LOCAL TIME ZONE"),
        TypeKind::Array(element) => format!("ARRAY<{}>", column_type_text(element)),
        TypeKind::Multiset(element) => format!("MULTISET<{}>", column_type_text(element)),
        TypeKind::Map(key, value) => format!("MAP<{}, {}>", column_type_text(key), column_type_text(value)),
        TypeKind::Row(fields) => {
            let field = |field: &Field| format!("{} {}", quote(&field.name), column_type_text(&field.data_type));
            format!("ROW<{}>", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        TypeKind::Structured(class, fields) => {
            let field = |field: &Field| format!(", {} {}", quote(&field.name), column_type_text(&field.data_type));
            format!("STRUCTURED<'{}'{}>", class.replace('\'', "''"), fields.iter().map(field).collect::<String>())
        }
        other => other.to_string(),
    }
}

/// The type of a cast as Calcite writes it: `INTEGER`, `ARRAY< BIGINT >`.
pub(crate) fn cast_type_text(data_type: &ast::DataType) -> String {
    let null = if data_type.nullable { "" } else { " NOT NULL" };
    let text = match &data_type.kind {
        DataTypeKind::Int => "INTEGER".to_string(),
        DataTypeKind::Timestamp { precision, zone: TimeZoneKind::Local } => {
            let precision = precision.map_or_else(String::new, |digits| format!("({digits})"));
            format!("TIMESTAMP_LTZ{precision}")
        }
        DataTypeKind::Array(element) => format!("ARRAY< {} >", cast_type_text(element)),
        DataTypeKind::Multiset(element) => format!("MULTISET< {} >", cast_type_text(element)),
        DataTypeKind::Map { key, value } => format!("MAP< {}, {} >", cast_type_text(key), cast_type_text(value)),
        DataTypeKind::Row(fields) => {
            let field = |field: &ast::FieldDefinition| {
                format!("{} {}", quote(&field.name.value), cast_type_text(&field.data_type))
            };
            format!("ROW< {} >", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    };
    format!("{text}{null}")
}
