//! `TO_CHANGELOG(input => TABLE t, op => DESCRIPTOR(c), op_mapping => MAP[..])` and `FROM_CHANGELOG`.

use flott_record::{RowKind, TypeKind};
use flott_syntax::ast::{self, ExpressionKind, FunctionArguments, FunctionCall};

use crate::bind::expression::NoIntercept;
use crate::bind::query::QueryBinder;
use crate::bind::scope::Scope;
use crate::error::{Result, SqlError};
use crate::relation::{Column, Relation, RelationKind, RelationRef};

const PARAMETERS: [&str; 4] = ["INPUT", "OP", "OP_MAPPING", "UID"];

/// Name of the column with the code where none is given.
const CODE: &str = "op";

const KINDS: [(&str, RowKind); 4] = [
    ("INSERT", RowKind::Insert),
    ("UPDATE_BEFORE", RowKind::UpdateBefore),
    ("UPDATE_AFTER", RowKind::UpdateAfter),
    ("DELETE", RowKind::Delete),
];

/// What a call was given.
struct Arguments {
    input: ast::Expression,
    code: String,
    mapping: Option<Vec<(String, String)>>,
}

impl QueryBinder<'_> {
    /// The relation of a call of TO_CHANGELOG.
    pub(crate) fn rows_as_codes(&mut self, call: &FunctionCall) -> Result<RelationRef> {
        let arguments = self.changelog_arguments(call, "TO_CHANGELOG")?;
        let input = self.changelog_input(&arguments.input, "TO_CHANGELOG")?;
        let mut codes: [Option<String>; 4] = Default::default();
        match &arguments.mapping {
            None => KINDS.iter().for_each(|(name, kind)| codes[*kind as usize] = Some((*name).to_string())),
            Some(mapping) => {
                for (names, code) in mapping {
                    for name in names.split(',').map(str::trim) {
                        let slot = &mut codes[kind_of_name(name, call)? as usize];
                        if slot.is_some() {
                            return Err(SqlError::at(call.span, format!("Duplicate change operation: '{name}'")));
                        }
                        *slot = Some(code.clone());
                    }
                }
            }
        }
        let mut columns = vec![Column::new(arguments.code, TypeKind::string().not_null())];
        columns.extend(input.columns.iter().cloned());
        Ok(Relation::new(RelationKind::ToChangelog { input, codes }, columns))
    }

    /// The relation of a call of FROM_CHANGELOG.
    pub(crate) fn codes_as_rows(&mut self, call: &FunctionCall) -> Result<RelationRef> {
        let arguments = self.changelog_arguments(call, "FROM_CHANGELOG")?;
        let input = self.changelog_input(&arguments.input, "FROM_CHANGELOG")?;
        let Some(code) = input.columns.iter().position(|column| column.name == arguments.code) else {
            let message = format!("The op column '{}' does not exist in the input table.", arguments.code);
            return Err(SqlError::at(call.span, message));
        };
        if !input.columns[code].data_type.kind.is_character() {
            let found = &input.columns[code].data_type;
            let message = format!("The op column '{}' must be of STRING type, but is {found}.", arguments.code);
            return Err(SqlError::at(call.span, message));
        }
        let mut kinds: Vec<(String, RowKind)> = Vec::new();
        match &arguments.mapping {
            None => kinds.extend(KINDS.iter().map(|(name, kind)| ((*name).to_string(), *kind))),
            Some(mapping) => {
                for (codes, name) in mapping {
                    let kind = kind_of_name(name.trim(), call)?;
                    for code in codes.split(',').map(str::trim) {
                        if kinds.iter().any(|(known, _)| known == code) {
                            return Err(SqlError::at(call.span, format!("Duplicate change operation: '{code}'")));
                        }
                        kinds.push((code.to_string(), kind));
                    }
                }
            }
        }
        let others = input.columns.iter().enumerate().filter(|(position, _)| *position != code);
        let columns = others.map(|(_, column)| column.clone()).collect();
        Ok(Relation::new(RelationKind::FromChangelog { input, code, kinds }, columns))
    }

    fn changelog_input(&mut self, argument: &ast::Expression, name: &str) -> Result<RelationRef> {
        let (relation, _, partition) = self.data(argument)?;
        if !partition.is_empty() {
            return Err(SqlError::not_supported(argument.span, format!("PARTITION BY in {name}")));
        }
        Ok(relation)
    }

    fn changelog_arguments(&self, call: &FunctionCall, name: &str) -> Result<Arguments> {
        let FunctionArguments::List(list) = &call.arguments else {
            return Err(SqlError::at(call.span, format!("{name} takes arguments")));
        };
        let mut slots: [Option<&ast::Expression>; 4] = Default::default();
        for (position, argument) in list.iter().enumerate() {
            let slot = match &argument.name {
                Some(written) => PARAMETERS.iter().position(|known| written.value.eq_ignore_ascii_case(known)),
                None => Some(position),
            };
            match slot.and_then(|slot| slots.get_mut(slot)) {
                Some(slot) => *slot = Some(&argument.value),
                None => return Err(SqlError::at(argument.span, format!("{name} takes input, op, op_mapping"))),
            }
        }
        let Some(input) = slots[0] else {
            return Err(SqlError::at(call.span, format!("{name} takes input => TABLE t")));
        };
        let code = slots[1].map_or_else(|| Ok(CODE.to_string()), code_column)?;
        let mapping = slots[2].map(|mapping| self.mapping(mapping)).transpose()?;
        Ok(Arguments { input: input.clone(), code, mapping })
    }

    /// The pairs of a MAP of constant texts.
    fn mapping(&self, syntax: &ast::Expression) -> Result<Vec<(String, String)>> {
        let refused = || SqlError::at(syntax.span, "The argument 'op_mapping' must be a constant MAP of texts.");
        let ExpressionKind::Map(entries) = &syntax.kind else { return Err(refused()) };
        let scope = Scope::default();
        let text = |part: &ast::Expression| {
            let bound = self.expressions(&scope).bind(part, &mut NoIntercept)?;
            match self.constant(&bound, part.span)? {
                flott_record::Value::String(text) => Ok(text.to_string()),
                _ => Err(refused()),
            }
        };
        entries.iter().map(|entry| Ok((text(&entry.key)?, text(&entry.value)?))).collect()
    }
}

fn code_column(syntax: &ast::Expression) -> Result<String> {
    let message = "The descriptor for argument 'op' must contain exactly one column name.";
    let ExpressionKind::Descriptor(columns) = &syntax.kind else { return Err(SqlError::at(syntax.span, message)) };
    match columns.as_slice() {
        [only] => Ok(only.last().map_or_else(String::new, |part| part.value.clone())),
        _ => Err(SqlError::at(syntax.span, message)),
    }
}

fn kind_of_name(name: &str, call: &FunctionCall) -> Result<RowKind> {
    let found = KINDS.iter().find(|(known, _)| *known == name);
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        SqlError::at(call.span, format!("Unknown change operation: '{name}'. Valid values are: {}", known.join(", ")))
    })
}
