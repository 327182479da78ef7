//! Random statements.

use super::data_type::data_type;
use super::expression::{call, expression, interval, literal};
use super::query::{hint, query};
use super::{Choices, DEPTH};
use flott_syntax::Span;
use flott_syntax::ast::*;

pub fn statement(c: &mut Choices<'_>) -> Statement {
    let kind = match c.below(6) {
        0 | 1 => StatementKind::Query(Box::new(query(c, DEPTH))),
        2 => manipulation(c),
        3 => create(c),
        4 => alter(c),
        _ => small(c),
    };
    spanned(kind)
}

fn spanned(kind: StatementKind) -> Statement {
    Statement { kind, span: Span::default() }
}

fn boxed_query(c: &mut Choices<'_>) -> Box<Query> {
    Box::new(query(c, 2))
}

fn manipulation(c: &mut Choices<'_>) -> StatementKind {
    match c.below(9) {
        0 => StatementKind::Insert(Box::new(insert(c))),
        1 => StatementKind::StatementSet(StatementSet { inserts: c.list(1, insert), execute: c.flag() }),
        2 => StatementKind::Update(Box::new(Update {
            table: c.object_name(),
            hints: c.list(0, hint),
            alias: c.maybe(Choices::identifier),
            assignments: c.list(1, |c| Assignment { column: c.object_name(), value: expression(c, 2) }),
            filter: c.maybe(|c| expression(c, 2)),
        })),
        3 => StatementKind::Delete(Box::new(Delete {
            table: c.object_name(),
            hints: c.list(0, hint),
            alias: c.maybe(Choices::identifier),
            filter: c.maybe(|c| expression(c, 2)),
        })),
        4 => StatementKind::Call(Box::new(call(c, 2))),
        5 => StatementKind::CompilePlan(CompilePlan { file: c.text(), if_not_exists: c.flag(), statement: planned(c) }),
        6 => StatementKind::CompileAndExecutePlan { file: c.text(), statement: planned(c) },
        7 => StatementKind::Execute(planned(c)),
        _ => StatementKind::Explain(Explain {
            details: c.list(0, |c| c.one_of(&[ExplainDetail::EstimatedCost, ExplainDetail::PlanAdvice])),
            target: ExplainTarget::Statement(planned(c)),
        }),
    }
}

fn planned(c: &mut Choices<'_>) -> Box<Statement> {
    Box::new(spanned(match c.flag() {
        false => StatementKind::Insert(Box::new(insert(c))),
        true => StatementKind::Query(boxed_query(c)),
    }))
}

fn insert(c: &mut Choices<'_>) -> Insert {
    Insert {
        overwrite: c.flag(),
        table: c.object_name(),
        hints: c.list(0, hint),
        partition: c.list(0, partition_entry),
        columns: c.list(0, Choices::object_name),
        source: boxed_query(c),
        on_conflict: c
            .maybe(|c| c.one_of(&[ConflictBehavior::Error, ConflictBehavior::Nothing, ConflictBehavior::Deduplicate])),
        span: Span::default(),
    }
}

fn partition_entry(c: &mut Choices<'_>) -> PartitionEntry {
    PartitionEntry {
        column: c.identifier(),
        value: c.maybe(|c| Expression { kind: ExpressionKind::Literal(literal(c)), span: Span::default() }),
    }
}

fn options(c: &mut Choices<'_>) -> Vec<TableOption> {
    c.list(0, |c| TableOption { key: c.text(), value: c.text(), span: Span::default() })
}

fn create(c: &mut Choices<'_>) -> StatementKind {
    match c.below(8) {
        0 | 1 => StatementKind::CreateTable(Box::new(create_table(c))),
        2 => StatementKind::CreateView(Box::new(CreateView {
            mode: c.one_of(&[CreateMode::Create, CreateMode::CreateOrReplace]),
            temporary: c.flag(),
            if_not_exists: c.flag(),
            name: c.object_name(),
            columns: c.list(0, Choices::identifier),
            comment: c.maybe(Choices::text),
            query: boxed_query(c),
        })),
        3 => StatementKind::CreateFunction(CreateFunction {
            temporary: c.flag(),
            system: c.flag(),
            if_not_exists: c.flag(),
            name: c.object_name(),
            class: c.text(),
            language: c.maybe(|c| c.one_of(&[FunctionLanguage::Python, FunctionLanguage::Sql])),
            resources: c.list(0, |c| FunctionResource {
                kind: c.one_of(&[FunctionResourceKind::Jar, FunctionResourceKind::Artifact]),
                path: c.text(),
            }),
            options: options(c),
        }),
        4 => StatementKind::CreateModel(Box::new(CreateModel {
            temporary: c.flag(),
            if_not_exists: c.flag(),
            name: c.object_name(),
            input: c.list(0, column),
            output: c.list(0, column),
            comment: c.maybe(Choices::text),
            options: options(c),
            query: c.maybe(boxed_query),
        })),
        5 => StatementKind::CreateMaterializedTable(Box::new(materialized_table(c))),
        6 => StatementKind::CreateConnection(CreateConnection {
            temporary: c.flag(),
            system: c.flag(),
            if_not_exists: c.flag(),
            name: c.object_name(),
            comment: c.maybe(Choices::text),
            options: options(c),
        }),
        _ => StatementKind::CreateCatalog(CreateCatalog {
            if_not_exists: c.flag(),
            name: c.object_name(),
            comment: c.maybe(Choices::text),
            options: options(c),
        }),
    }
}

fn create_table(c: &mut Choices<'_>) -> CreateTable {
    let mode = c.one_of(&[CreateMode::Create, CreateMode::CreateOrReplace, CreateMode::Replace]);
    CreateTable {
        mode,
        temporary: mode != CreateMode::Replace && c.flag(),
        if_not_exists: c.flag(),
        name: c.object_name(),
        schema: schema(c),
        comment: c.maybe(Choices::text),
        distribution: c.maybe(distribution),
        partitioned_by: c.list(0, Choices::identifier),
        options: options(c),
        source: match c.below(3) {
            0 => TableSource::None,
            1 => TableSource::Query(boxed_query(c)),
            _ => TableSource::Like(TableLike {
                table: c.object_name(),
                options: c.list(0, |c| LikeOption {
                    strategy: c.one_of(&[MergingStrategy::Including, MergingStrategy::Overwriting]),
                    feature: c.one_of(&[LikeFeature::All, LikeFeature::Watermarks]),
                    span: Span::default(),
                }),
                span: Span::default(),
            }),
        },
    }
}

fn materialized_table(c: &mut Choices<'_>) -> CreateMaterializedTable {
    CreateMaterializedTable {
        mode: c.one_of(&[CreateMode::Create, CreateMode::CreateOrAlter]),
        if_not_exists: c.flag(),
        name: c.object_name(),
        schema: schema(c),
        comment: c.maybe(Choices::text),
        distribution: c.maybe(distribution),
        partitioned_by: c.list(0, Choices::identifier),
        options: options(c),
        freshness: c.maybe(interval),
        refresh_mode: c.maybe(|c| c.one_of(&[RefreshMode::Full, RefreshMode::Continuous])),
        start_mode: c.maybe(|c| StartMode {
            kind: c.one_of(&[StartModeKind::FromNow, StartModeKind::ResumeOrFromTimestamp]),
            argument: c.maybe(|c| expression(c, 1)),
            span: Span::default(),
        }),
        query: boxed_query(c),
    }
}

fn schema(c: &mut Choices<'_>) -> TableSchema {
    if c.below(4) == 3 {
        return TableSchema { column_names: c.list(0, Choices::identifier), ..TableSchema::default() };
    }
    TableSchema {
        columns: c.list(0, column),
        watermarks: c.list(0, watermark),
        constraints: c.list(0, constraint),
        ..TableSchema::default()
    }
}

fn column(c: &mut Choices<'_>) -> ColumnDefinition {
    ColumnDefinition {
        name: c.object_name(),
        kind: match c.below(3) {
            0 => ColumnKind::Physical {
                data_type: data_type(c, 2),
                constraint: c.maybe(|c| ColumnConstraint {
                    name: c.maybe(Choices::identifier),
                    kind: ConstraintKind::PrimaryKey,
                    enforced: c.maybe(Choices::flag),
                    span: Span::default(),
                }),
            },
            1 => ColumnKind::Metadata { data_type: data_type(c, 2), key: c.maybe(Choices::text), is_virtual: c.flag() },
            _ => ColumnKind::Computed { expression: expression(c, 2) },
        },
        comment: c.maybe(Choices::text),
        span: Span::default(),
    }
}

fn watermark(c: &mut Choices<'_>) -> WatermarkDefinition {
    WatermarkDefinition { column: c.object_name(), expression: expression(c, 2), span: Span::default() }
}

fn constraint(c: &mut Choices<'_>) -> TableConstraint {
    TableConstraint {
        name: c.maybe(Choices::identifier),
        kind: c.one_of(&[ConstraintKind::PrimaryKey, ConstraintKind::Unique]),
        columns: c.list(1, Choices::identifier),
        enforced: c.maybe(Choices::flag),
        span: Span::default(),
    }
}

fn distribution(c: &mut Choices<'_>) -> Distribution {
    let columns = c.list(0, Choices::identifier);
    let kind = match columns.is_empty() {
        true => None,
        false => c.maybe(|c| c.one_of(&[DistributionKind::Hash, DistributionKind::Range])),
    };
    let counted = columns.is_empty() || c.flag();
    Distribution { kind, columns, bucket_count: counted.then(|| c.number()), span: Span::default() }
}

fn alter(c: &mut Choices<'_>) -> StatementKind {
    match c.below(5) {
        0 | 1 => StatementKind::AlterTable(Box::new(AlterTable {
            if_exists: c.flag(),
            name: c.object_name(),
            action: alter_action(c),
        })),
        2 => StatementKind::AlterView(AlterView {
            name: c.object_name(),
            action: match c.flag() {
                false => AlterViewAction::Rename(c.object_name()),
                true => AlterViewAction::Query(boxed_query(c)),
            },
        }),
        3 => StatementKind::AlterModelOrConnection(AlterObject {
            kind: c.one_of(&[ObjectKind::Model, ObjectKind::Connection]),
            if_exists: c.flag(),
            name: c.object_name(),
            action: match c.below(3) {
                0 => AlterObjectAction::Rename(c.object_name()),
                1 => AlterObjectAction::SetOptions(options(c)),
                _ => AlterObjectAction::ResetOptions(c.list(0, Choices::text)),
            },
        }),
        _ => StatementKind::AlterMaterializedTable(Box::new(AlterMaterializedTable {
            name: c.object_name(),
            action: match c.below(5) {
                0 => AlterMaterializedTableAction::Suspend,
                1 => AlterMaterializedTableAction::Resume(options(c)),
                2 => AlterMaterializedTableAction::Refresh(c.list(0, partition_entry)),
                3 => AlterMaterializedTableAction::SetFreshness(interval(c)),
                _ => AlterMaterializedTableAction::Query { start_mode: None, query: boxed_query(c) },
            },
        })),
    }
}

fn alter_action(c: &mut Choices<'_>) -> AlterTableAction {
    match c.below(11) {
        0 => AlterTableAction::Rename(c.object_name()),
        1 => AlterTableAction::RenameColumn { column: c.object_name(), name: c.identifier() },
        2 => AlterTableAction::SetOptions(options(c)),
        3 => AlterTableAction::ResetOptions(c.list(0, Choices::text)),
        4 => AlterTableAction::Add(alter_schema(c)),
        5 => AlterTableAction::Modify(alter_schema(c)),
        6 => AlterTableAction::DropColumns(c.list(1, Choices::object_name)),
        7 => c_drop(c),
        8 => AlterTableAction::ModifyDistribution(distribution(c)),
        9 => AlterTableAction::AddPartitions {
            if_not_exists: c.flag(),
            partitions: c.list(1, |c| NewPartition { entries: c.list(1, partition_entry), options: options(c) }),
        },
        _ => AlterTableAction::DropPartitions {
            if_exists: c.flag(),
            partitions: c.list(1, |c| c.list(1, partition_entry)),
        },
    }
}

fn c_drop(c: &mut Choices<'_>) -> AlterTableAction {
    match c.below(4) {
        0 => AlterTableAction::DropPrimaryKey,
        1 => AlterTableAction::DropConstraint(c.identifier()),
        2 => AlterTableAction::DropWatermark,
        _ => AlterTableAction::DropDistribution,
    }
}

fn alter_schema(c: &mut Choices<'_>) -> AlterSchema {
    AlterSchema {
        columns: c.list(1, |c| PositionedColumn {
            column: column(c),
            position: c.maybe(|c| match c.flag() {
                false => ColumnPosition::First,
                true => ColumnPosition::After(c.object_name()),
            }),
        }),
        watermarks: c.list(0, watermark),
        constraints: c.list(0, constraint),
        span: Span::default(),
    }
}

fn small(c: &mut Choices<'_>) -> StatementKind {
    let kinds = [
        ObjectKind::Table,
        ObjectKind::View,
        ObjectKind::Database,
        ObjectKind::Catalog,
        ObjectKind::Function,
        ObjectKind::Model,
        ObjectKind::Connection,
        ObjectKind::MaterializedTable,
    ];
    match c.below(9) {
        0 => StatementKind::Show(show(c, &kinds)),
        1 => StatementKind::Describe(Describe::Object {
            kind: c.one_of(&[ObjectKind::Table, ObjectKind::Catalog, ObjectKind::Model]),
            extended: c.flag(),
            name: c.object_name(),
        }),
        2 => StatementKind::Use(match c.below(3) {
            0 => Use::Database(c.object_name()),
            1 => Use::Catalog(c.identifier()),
            _ => Use::Modules(c.list(1, Choices::identifier)),
        }),
        3 => StatementKind::Set(c.maybe(|c| Setting { key: c.text(), value: c.text() })),
        4 => StatementKind::Reset(c.maybe(Choices::text)),
        5 => {
            let temporary = c.flag();
            StatementKind::Drop(Drop {
                kind: c.one_of(&kinds),
                temporary,
                system: temporary && c.flag(),
                if_exists: c.flag(),
                name: c.object_name(),
                behavior: c.maybe(|c| c.one_of(&[DropBehavior::Restrict, DropBehavior::Cascade])),
            })
        }
        6 => StatementKind::AnalyzeTable(AnalyzeTable {
            table: c.object_name(),
            partition: c.list(0, partition_entry),
            columns: match c.below(3) {
                0 => AnalyzeColumns::None,
                1 => AnalyzeColumns::All,
                _ => AnalyzeColumns::List(c.list(1, Choices::identifier)),
            },
        }),
        7 => StatementKind::StopJob { id: c.text(), with_savepoint: c.flag(), with_drain: c.flag() },
        _ => StatementKind::Client(match c.below(4) {
            0 => ClientCommand::Quit,
            1 => ClientCommand::Clear,
            2 => ClientCommand::Help,
            _ => ClientCommand::Source { file: c.text() },
        }),
    }
}

fn show(c: &mut Choices<'_>, kinds: &[ObjectKind]) -> Show {
    let kind = match c.below(8) {
        0 => ShowKind::Tables,
        1 => ShowKind::Columns,
        2 => ShowKind::Functions { user: c.flag() },
        3 => ShowKind::Modules { full: c.flag() },
        4 => ShowKind::CurrentDatabase,
        5 => ShowKind::MaterializedTables,
        6 => ShowKind::Create { kind: c.one_of(kinds), name: c.object_name() },
        _ => ShowKind::Partitions { table: c.object_name(), partition: c.list(0, partition_entry) },
    };
    let scoped = kind == ShowKind::Columns || c.flag();
    Show {
        kind,
        scope: scoped.then(|| c.object_name()),
        pattern: c.maybe(|c| ShowPattern { negated: c.flag(), case_insensitive: c.flag(), pattern: c.text() }),
    }
}
