//! The end of a plan: casts to the sink's columns, keys, materialisation, the sink itself.

use std::sync::Arc;

use flott_expression::Expression;
use flott_job::spec::{DropUpdateBeforeSpec, LengthEnforcer, NestedEnforcer, SinkMaterializeSpec, SinkSpec};
use flott_job::{OperatorSpec, Partition};
use flott_record::data_type::LENGTH_MAX;
use flott_record::{ChangelogMode, DataType, Schema, TableSpec, TypeKind};
use flott_syntax::ast::ConflictBehavior;

use crate::error::{Result, SqlError};
use crate::physical::keys::{Key, upsert_keys};
use crate::physical::plan::{NodeId, PhysicalNode, Planner};
use crate::relation::{RelationKind, RelationRef};
use crate::statement::UpsertMaterialize;

/// Where a query's rows go.
#[derive(Clone, Debug)]
pub struct SinkTarget {
    /// The table as its connector sees it.
    pub table: TableSpec,
    /// Kinds that the connector takes.
    pub accepts: ChangelogMode,
    /// Columns that are written: physical ones, then persisted metadata.
    pub schema: Schema,
    /// ON CONFLICT.
    pub on_conflict: Option<ConflictBehavior>,
}

impl Planner<'_> {
    /// Adds the sink of a relation whose columns have the sink's types.
    ///
    /// # Errors
    /// If the sink cannot take what the query emits.
    pub fn sink(&mut self, relation: &RelationRef, target: &SinkTarget) -> Result<NodeId> {
        let changes = self.changes(relation);
        let key: Key = target.table.primary_key.iter().copied().collect();
        let mode = changes.mode(true);
        self.check_accepts(target, mode)?;
        self.check_enforcers(target)?;
        let keys = upsert_keys(relation);
        let same_key = keys.contains(&key);
        let upserts = !target.accepts.update_before;
        let by_other_key = !key.is_empty() && !same_key;
        let materialize = self.materializes(target, &key, keys.first(), same_key, changes.is_insert_only())?;
        let update_before =
            changes.update && (materialize || !upserts || by_other_key || !self.supports_only_after(relation));
        let by_key = if update_before || materialize { None } else { self.without_normalization(relation, target) };
        let relation = by_key.as_ref().unwrap_or(relation);
        let mut node = self.plan(relation, update_before)?;
        if materialize {
            node = self.materialize(node, relation, target, keys.into_iter().next());
        } else if update_before && upserts {
            let spec = OperatorSpec::DropUpdateBefore(DropUpdateBeforeSpec {});
            let edges = vec![(node, 0, Partition::Forward)];
            node = self.add(PhysicalNode::keyed("DropUpdateBefore", spec, edges, relation));
        }
        let arriving = changes.mode(!upserts);
        let spec = SinkSpec {
            table: target.table.clone(),
            changelog_mode: arriving,
            not_null: self.settings.not_null,
            length: self.settings.length,
            nested: self.settings.nested,
            input: target.schema.clone(),
        };
        let name = target.table.name.rsplit('.').next().unwrap_or_default();
        let edges = vec![(node, 0, Partition::Forward)];
        let mut sink = PhysicalNode::keyed(&format!("Sink: {name}"), OperatorSpec::Sink(spec), edges, relation);
        sink.mode = arriving;
        Ok(self.add(sink))
    }

    /// The relation with a source's upserts and deletions as they come, where the sink needs no more than their key.
    fn without_normalization(&self, relation: &RelationRef, target: &SinkTarget) -> Option<RelationRef> {
        let connector = |table: &TableSpec| {
            self.registry.get(table.options.get("connector").map_or("", String::as_str)).ok().cloned()
        };
        if self.settings.cdc_events_duplicate || !connector(&target.table)?.sink_takes_deletes_by_key(&target.table) {
            return None;
        }
        match &relation.kind {
            RelationKind::Project { input, .. } => {
                let below = self.without_normalization(input, target)?;
                Some(relation.with_inputs(vec![below]))
            }
            RelationKind::Normalize { input, .. } => match &input.kind {
                RelationKind::Scan { table, .. } => {
                    let spec = table.spec(&std::collections::BTreeMap::new());
                    connector(&spec)?.source_deletes_by_key(&spec).then(|| input.clone())
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn check_accepts(&self, target: &SinkTarget, mode: ChangelogMode) -> Result<()> {
        let missing = |wanted: bool, accepted: bool| wanted && !accepted;
        if missing(mode.update_after, target.accepts.update_after) || missing(mode.delete, target.accepts.delete) {
            let what = if mode.update_after { "update" } else { "delete" };
            let message = format!(
                "Table sink '{}' doesn't support consuming {what} changes which is produced by the query; it takes {}",
                target.table.name, target.accepts
            );
            return Err(SqlError::new(message));
        }
        Ok(())
    }

    /// Lengths in collections can be checked, but not made to fit, as in Flink.
    fn check_enforcers(&self, target: &SinkTarget) -> Result<()> {
        let fits = self.settings.length == LengthEnforcer::TrimPad;
        let in_collections = self.settings.nested == NestedEnforcer::RowsAndCollections;
        let fields = &target.table.schema.fields;
        if fits && in_collections && fields.iter().any(|field| has_length_in_collection(&field.data_type, false)) {
            return Err(SqlError::new(
                "Trimming and/or padding is not supported if constraint checking is enabled on types nested in collections.",
            ));
        }
        Ok(())
    }

    fn materializes(
        &self,
        target: &SinkTarget,
        key: &Key,
        upsert: Option<&Key>,
        same_key: bool,
        insert_only: bool,
    ) -> Result<bool> {
        if self.session.batch_mode {
            return Ok(false);
        }
        if target.on_conflict.is_some() && (key.is_empty() || target.accepts.update_before) {
            let why = if target.accepts.is_insert_only() {
                "it only accepts INSERT (append-only) changes"
            } else if key.is_empty() {
                "it has no primary key"
            } else {
                "it requires UPDATE_BEFORE (retract mode)"
            };
            return Err(SqlError::new(format!(
                "ON CONFLICT clause is only allowed for upsert sinks. The sink '{}' is not an upsert sink because {why}.",
                target.table.name
            )));
        }
        let forced = self.settings.upsert_materialize == UpsertMaterialize::Force;
        if key.is_empty() || self.settings.upsert_materialize == UpsertMaterialize::None || (same_key && !forced) {
            return Ok(false);
        }
        // Without the requirement an insert-only query is trusted not to repeat a key.
        if insert_only && !forced && target.on_conflict.is_none() && !self.settings.require_on_conflict {
            return Ok(false);
        }
        match target.on_conflict {
            Some(ConflictBehavior::Deduplicate) => Ok(true),
            None if !self.settings.require_on_conflict => Ok(true),
            Some(other) => Err(SqlError::new(format!("not supported: ON CONFLICT DO {other:?}"))),
            None => {
                let names = |key: &Key| {
                    let name = |column: &usize| target.schema.fields[*column].name.clone();
                    key.iter().map(name).collect::<Vec<String>>().join(", ")
                };
                Err(SqlError::new(format!(
                    "The query has an upsert key that differs from the primary key of the sink table '{}'. \
                     Primary key: [{}], upsert key: {}. This can lead to non-deterministic results when multiple records \
                     with different upsert keys map to the same primary key. Please specify an ON CONFLICT clause to \
                     define how conflicts should be handled: ON CONFLICT DO DEDUPLICATE",
                    target.table.name,
                    names(key),
                    upsert.map_or_else(String::new, |upsert| format!("[{}]", names(upsert)))
                )))
            }
        }
    }

    fn materialize(
        &mut self,
        node: NodeId,
        relation: &RelationRef,
        target: &SinkTarget,
        upsert_key: Option<Key>,
    ) -> NodeId {
        let keys = target.table.primary_key.clone();
        let spec = SinkMaterializeSpec {
            keys: keys.clone(),
            upsert_key: upsert_key.map_or_else(Vec::new, |key| key.into_iter().collect()),
            state_ttl_ms: self.settings.state_ttl_ms,
            input: relation.schema(),
        };
        let edges = vec![(node, 0, Partition::Hash { columns: keys })];
        let mut node = PhysicalNode::keyed("SinkMaterializer", OperatorSpec::SinkMaterialize(spec), edges, relation);
        node.mode = ChangelogMode::UPSERT;
        self.add(node)
    }
}

/// Whether a collection in a type holds text or bytes of a limited length.
fn has_length_in_collection(data_type: &DataType, in_collection: bool) -> bool {
    let is_short = |length: u32| in_collection && length < LENGTH_MAX;
    match &data_type.kind {
        TypeKind::Char(length) | TypeKind::Varchar(length) | TypeKind::Binary(length) | TypeKind::Varbinary(length) => {
            is_short(*length)
        }
        TypeKind::Row(fields) | TypeKind::Structured(_, fields) => {
            fields.iter().any(|field| has_length_in_collection(&field.data_type, in_collection))
        }
        TypeKind::Array(element) | TypeKind::Multiset(element) => has_length_in_collection(element, true),
        TypeKind::Map(key, item) => has_length_in_collection(key, true) || has_length_in_collection(item, true),
        _ => false,
    }
}

/// The relation with each column cast to the sink's type, as INSERT does implicitly.
///
/// # Errors
/// If the number of columns differs or a type cannot be stored.
pub fn cast_to_sink(relation: &RelationRef, schema: &Schema, table: &str) -> Result<RelationRef> {
    let describe = |names: Vec<String>| names.join(", ");
    if relation.columns.len() != schema.len() {
        let query = relation.columns.iter().map(|column| format!("{}: {}", column.name, column.data_type)).collect();
        let sink = schema.fields.iter().map(|field| format!("{}: {}", field.name, field.data_type)).collect();
        return Err(SqlError::new(format!(
            "Column types of query result and sink for '{table}' do not match.\nCause: Different number of columns.\n\nQuery schema: [{}]\nSink schema:  [{}]",
            describe(query),
            describe(sink)
        )));
    }
    let mut expressions = Vec::with_capacity(schema.len());
    for (expression, field) in relation.identity().into_iter().zip(&schema.fields) {
        let from = expression.data_type().clone();
        if !flott_expression::catalogue::can_cast_implicitly(&from, &field.data_type) {
            return Err(SqlError::new(format!(
                "Column types of query result and sink for '{table}' do not match.\nCause: Incompatible types for sink column '{}': query has {from}, sink has {}",
                field.name, field.data_type
            )));
        }
        expressions.push(stored(expression, field));
    }
    let names = schema.fields.iter().map(|field| field.name.clone()).collect();
    Ok(crate::bind::select::projected(Arc::clone(relation), expressions, names))
}

/// The cast that storing implies; character and binary lengths are the enforcer's.
fn stored(expression: Expression, field: &flott_record::Field) -> Expression {
    let from = expression.data_type();
    let lengths_only = (from.kind.is_character() && field.data_type.kind.is_character())
        || (from.kind.is_binary() && field.data_type.kind.is_binary());
    if lengths_only { expression } else { crate::bind::query::cast(expression, &field.data_type) }
}
