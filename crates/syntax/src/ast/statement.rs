//! Statements of all kinds, and the small ones in full.

use super::{
    AlterCatalog, AlterDatabase, AlterFunction, AlterMaterializedTable, AlterObject, AlterTable, AlterView,
    CreateCatalog, CreateConnection, CreateDatabase, CreateFunction, CreateMaterializedTable, CreateModel, CreateTable,
    CreateView, Describe, Drop, Expression, FunctionCall, Hint, Identifier, ObjectName, PartitionEntry, Query, Show,
    TableOption, Use,
};
use crate::Span;

/// A statement. The span covers its text in the script, without the semicolon.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    Query(Box<Query>),
    Insert(Box<Insert>),
    Update(Box<Update>),
    Delete(Box<Delete>),
    /// `TRUNCATE TABLE t`
    Truncate(ObjectName),
    /// `CALL procedure(..)`
    Call(Box<FunctionCall>),
    /// `EXECUTE STATEMENT SET BEGIN .. END`, `STATEMENT SET BEGIN .. END`
    StatementSet(StatementSet),
    /// `BEGIN STATEMENT SET`: the statements that follow, up to [`StatementKind::EndStatementSet`], are one job
    BeginStatementSet,
    /// `END`
    EndStatementSet,
    /// `EXECUTE statement`, the same as the statement alone
    Execute(Box<Statement>),
    CompilePlan(CompilePlan),
    /// `EXECUTE PLAN 'file'`
    ExecutePlan {
        file: String,
    },
    /// `COMPILE AND EXECUTE PLAN 'file' FOR ..`
    CompileAndExecutePlan {
        file: String,
        statement: Box<Statement>,
    },
    Explain(Explain),
    Describe(Describe),
    Show(Show),
    Use(Use),
    LoadModule {
        name: Identifier,
        options: Vec<TableOption>,
    },
    UnloadModule {
        name: Identifier,
    },
    /// `SET`, `SET 'key' = 'value'`
    Set(Option<Setting>),
    /// `RESET`, `RESET 'key'`
    Reset(Option<String>),
    AddJar {
        path: String,
    },
    RemoveJar {
        path: String,
    },
    AnalyzeTable(AnalyzeTable),
    StopJob {
        id: String,
        with_savepoint: bool,
        with_drain: bool,
    },
    CreateTable(Box<CreateTable>),
    CreateView(Box<CreateView>),
    CreateCatalog(CreateCatalog),
    CreateDatabase(CreateDatabase),
    CreateFunction(CreateFunction),
    CreateModel(Box<CreateModel>),
    CreateConnection(CreateConnection),
    CreateMaterializedTable(Box<CreateMaterializedTable>),
    AlterTable(Box<AlterTable>),
    AlterView(AlterView),
    AlterCatalog(AlterCatalog),
    AlterDatabase(AlterDatabase),
    AlterFunction(AlterFunction),
    AlterModelOrConnection(AlterObject),
    AlterMaterializedTable(Box<AlterMaterializedTable>),
    Drop(Drop),
    /// A command of the SQL client
    Client(ClientCommand),
}

/// `INSERT INTO|OVERWRITE table [PARTITION (..)] [(columns)] query [ON CONFLICT DO ..]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Insert {
    pub overwrite: bool,
    pub table: ObjectName,
    pub hints: Vec<Hint>,
    pub partition: Vec<PartitionEntry>,
    pub columns: Vec<ObjectName>,
    pub source: Box<Query>,
    pub on_conflict: Option<ConflictBehavior>,
    pub span: Span,
}

/// `ON CONFLICT DO ..`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConflictBehavior {
    Error,
    Nothing,
    Deduplicate,
}

/// Inserts that run as one job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatementSet {
    pub inserts: Vec<Insert>,
    /// Whether EXECUTE stands before (without, it is the target of EXPLAIN or COMPILE PLAN).
    pub execute: bool,
}

/// `UPDATE table [AS alias] SET .. [WHERE ..]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Update {
    pub table: ObjectName,
    pub hints: Vec<Hint>,
    pub alias: Option<Identifier>,
    pub assignments: Vec<Assignment>,
    pub filter: Option<Expression>,
}

/// `column = value`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assignment {
    pub column: ObjectName,
    pub value: Expression,
}

/// `DELETE FROM table [AS alias] [WHERE ..]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delete {
    pub table: ObjectName,
    pub hints: Vec<Hint>,
    pub alias: Option<Identifier>,
    pub filter: Option<Expression>,
}

/// `COMPILE PLAN 'file' [IF NOT EXISTS] FOR statement`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompilePlan {
    pub file: String,
    pub if_not_exists: bool,
    /// An INSERT or a statement set
    pub statement: Box<Statement>,
}

/// `EXPLAIN [details] statement`, `EXPLAIN PLAN FOR statement`, `EXPLAIN PLAN 'file'`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Explain {
    pub details: Vec<ExplainDetail>,
    pub target: ExplainTarget,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExplainTarget {
    Statement(Box<Statement>),
    /// A compiled plan
    PlanFile(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExplainDetail {
    EstimatedCost,
    ChangelogMode,
    PlanAdvice,
    JsonExecutionPlan,
}

/// `'key' = 'value'` of SET
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    pub key: String,
    pub value: String,
}

/// `ANALYZE TABLE t [PARTITION (..)] COMPUTE STATISTICS [FOR COLUMNS a, b|FOR ALL COLUMNS]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnalyzeTable {
    pub table: ObjectName,
    pub partition: Vec<PartitionEntry>,
    pub columns: AnalyzeColumns,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AnalyzeColumns {
    None,
    All,
    List(Vec<Identifier>),
}

/// A command which only the SQL client knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientCommand {
    /// `QUIT`, `EXIT`
    Quit,
    Clear,
    Help,
    /// `SOURCE 'file'`
    Source {
        file: String,
    },
}
