//! `JOIN t FOR SYSTEM_TIME AS OF time`: by event time a join with the versions of a table, by processing time a lookup.

use flott_job::spec::JoinKind;
use flott_job::versioned_join::LookupRetry;
use flott_record::TypeKind;
use flott_syntax::ast::{self, Hint, HintArgument, TableReferenceKind};

use crate::bind::expression::NoIntercept;
use crate::bind::from::FromItem;
use crate::bind::query::QueryBinder;
use crate::bind::scope::Scope;
use crate::error::{Result, SqlError};
use crate::physical::keys::unique_keys;
use crate::relation::{Relation, RelationKind, RelationRef, TimeAttribute};

impl QueryBinder<'_> {
    /// The join of a table as of a time of the left side.
    pub(crate) fn join_as_of(
        &mut self,
        left: FromItem,
        join: &ast::Join,
        kind: JoinKind,
        as_of: &ast::Expression,
        outer: Option<&Scope>,
    ) -> Result<FromItem> {
        if !matches!(kind, JoinKind::Inner | JoinKind::Left) {
            return Err(SqlError::at(
                join.right.span,
                "Temporal table join currently only support INNER JOIN and LEFT JOIN",
            ));
        }
        let time = self.expressions(&left.1).bind(as_of, &mut NoIntercept)?;
        let attribute = left.1.time_of(&time);
        let left_time = match &time {
            flott_expression::Expression::Column { index, .. } => Some(*index),
            _ => None,
        };
        let mut reference = join.right.clone();
        if let TableReferenceKind::Table { as_of, .. } = &mut reference.kind {
            *as_of = None;
        }
        let right = self.table_reference(&reference, None, outer)?;
        let name = right.1.tables.first().and_then(|table| table.alias.clone());
        let (joined, scope) = self.join_of(left, right, kind, join)?;
        let RelationKind::Join { left, right, condition, .. } = joined.kind.clone() else {
            return Err(SqlError::at(join.right.span, "internal error: a join was expected"));
        };
        let is_instant = matches!(time.data_type().kind, TypeKind::Timestamp(_) | TypeKind::TimestampLtz(_));
        let relation = match (attribute, left_time) {
            (Some(TimeAttribute::Rowtime), Some(left_time)) if !self.session.batch_mode => {
                let right_time =
                    versioned(&right, &condition, left.columns.len()).map_err(|error| error.or_at(join.right.span))?;
                RelationKind::TemporalJoin { left, right, kind, condition, left_time, right_time }
            }
            (Some(TimeAttribute::Rowtime), _) => {
                return Err(SqlError::not_supported(join.right.span, "event-time temporal joins in batch mode"));
            }
            (Some(TimeAttribute::Proctime), _) => {
                let retry = self.lookup_retry(name.as_deref())?;
                RelationKind::LookupJoin { left, right, kind, condition, retry }
            }
            (None, _) if self.session.batch_mode && is_instant => {
                let retry = self.lookup_retry(name.as_deref())?;
                RelationKind::LookupJoin { left, right, kind, condition, retry }
            }
            _ => {
                let message = "Temporal table join currently only supports 'FOR SYSTEM_TIME AS OF' left table's time attribute field";
                return Err(SqlError::at(as_of.span, message));
            }
        };
        Ok((Relation::new(relation, joined.columns.clone()), scope))
    }

    /// What the hint LOOKUP of a table says of retries.
    fn lookup_retry(&self, table: Option<&str>) -> Result<Option<LookupRetry>> {
        for hint in self.hints.iter().filter(|hint| hint.name.value.eq_ignore_ascii_case("LOOKUP")) {
            let option = |wanted: &str| {
                hint.arguments.iter().find_map(|argument| match argument {
                    HintArgument::Option { key, value } if key.eq_ignore_ascii_case(wanted) => Some(value.as_str()),
                    _ => None,
                })
            };
            if option("table").is_some_and(|named| Some(named) == table) {
                return retry_of(
                    hint,
                    option("retry-predicate"),
                    option("retry-strategy"),
                    option("fixed-delay"),
                    option("max-attempts"),
                );
            }
        }
        Ok(None)
    }
}

impl QueryBinder<'_> {
    /// The relation of a table with what the hint STATE_TTL says of it.
    pub(crate) fn with_state_ttl(&self, relation: RelationRef, table: Option<&str>) -> Result<RelationRef> {
        for hint in self.hints.iter().filter(|hint| hint.name.value.eq_ignore_ascii_case("STATE_TTL")) {
            for argument in &hint.arguments {
                let HintArgument::Option { key, value } = argument else {
                    return Err(SqlError::at(
                        hint.span,
                        "hint STATE_TTL only supports key-value pairs: 'table' = 'duration'",
                    ));
                };
                if Some(key.as_str()) == table {
                    let columns = relation.columns.clone();
                    let state_ttl_ms = duration_ms(value, hint, key)?;
                    return Ok(Relation::new(RelationKind::Hinted { input: relation, state_ttl_ms }, columns));
                }
            }
        }
        Ok(relation)
    }
}

fn duration_ms(text: &str, hint: &Hint, option: &str) -> Result<i64> {
    flott_configuration::parse_duration(text)
        .ok()
        .and_then(|duration| i64::try_from(duration.as_millis()).ok())
        .ok_or_else(|| {
            let name = hint.name.value.to_uppercase();
            SqlError::at(hint.span, format!("'{text}' is no duration ('{option}' in hint {name})"))
        })
}

fn retry_of(
    hint: &Hint,
    predicate: Option<&str>,
    strategy: Option<&str>,
    delay: Option<&str>,
    attempts: Option<&str>,
) -> Result<Option<LookupRetry>> {
    let Some(predicate) = predicate else { return Ok(None) };
    let wrong = |message: String| Err(SqlError::at(hint.span, message));
    if !predicate.eq_ignore_ascii_case("lookup_miss") {
        return wrong(format!(
            "Invalid value '{predicate}' of 'retry-predicate' in hint LOOKUP: expected 'lookup_miss'"
        ));
    }
    let (Some(strategy), Some(delay), Some(attempts)) = (strategy, delay, attempts) else {
        return wrong(
            "hint LOOKUP with 'retry-predicate' needs 'retry-strategy', 'fixed-delay' and 'max-attempts'".to_string(),
        );
    };
    if !strategy.eq_ignore_ascii_case("fixed_delay") {
        return wrong(format!("Invalid value '{strategy}' of 'retry-strategy' in hint LOOKUP: expected 'fixed_delay'"));
    }
    let delay_ms = duration_ms(delay, hint, "fixed-delay")?;
    match attempts.parse::<u32>() {
        Ok(attempts_max @ 1..) => Ok(Some(LookupRetry { attempts_max, delay_ms })),
        _ => wrong(format!("'{attempts}' is no number of attempts ('max-attempts' in hint LOOKUP)")),
    }
}

/// The row time of a versioned table whose key a condition compares.
fn versioned(right: &RelationRef, condition: &flott_expression::Expression, width: usize) -> Result<usize> {
    let rowtime = right.columns.iter().position(|column| column.time == Some(TimeAttribute::Rowtime));
    let keys = unique_keys(&crate::optimize::ranked(right));
    let Some(rowtime) = rowtime else {
        return Err(SqlError::new(
            "Event-Time Temporal Table Join requires both primary key and row time attribute in versioned table, but no row time attribute can be found.",
        ));
    };
    if keys.is_empty() {
        return Err(SqlError::new(
            "Temporal Table Join requires primary key in versioned table, but no primary key can be found. The table must have a primary key, or be a view that keeps the last row of each key.",
        ));
    }
    if !compares(condition, width, &keys) {
        return Err(SqlError::new(
            "Temporal table's primary key must be included in the equivalence condition of temporal join.",
        ));
    }
    Ok(rowtime)
}

/// Whether each column of some key is equal to an expression of the left side.
fn compares(condition: &flott_expression::Expression, width: usize, keys: &[crate::physical::keys::Key]) -> bool {
    use flott_expression::Expression;
    let mut equal = Vec::new();
    for conjunct in condition.clone().conjuncts() {
        let Expression::Call { function, arguments, .. } = &conjunct else { continue };
        if function != "=" {
            continue;
        }
        equal.extend(arguments.iter().filter_map(|side| match side {
            Expression::Column { index, .. } => index.checked_sub(width),
            _ => None,
        }));
    }
    keys.iter().any(|key| key.iter().all(|column| equal.contains(column)))
}
