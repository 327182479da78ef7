//! Statements.

use super::call::write_named_call;
use super::{Text, write_clause, write_if, write_list, write_optional};
use crate::ast::{
    AnalyzeColumns, AnalyzeTable, Assignment, ClientCommand, CompilePlan, ConflictBehavior, Delete, Explain,
    ExplainDetail, ExplainTarget, Insert, Statement, StatementKind, StatementSet, Update,
};
use std::fmt::{Display, Formatter, Result};

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.kind)
    }
}

impl Display for StatementKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            StatementKind::Query(query) => write!(f, "{query}"),
            StatementKind::Insert(insert) => write!(f, "{insert}"),
            StatementKind::Update(update) => write!(f, "{update}"),
            StatementKind::Delete(delete) => write!(f, "{delete}"),
            StatementKind::StatementSet(set) => write!(f, "{set}"),
            StatementKind::CompilePlan(compile) => write!(f, "{compile}"),
            StatementKind::Explain(explain) => write!(f, "{explain}"),
            StatementKind::Describe(describe) => write!(f, "{describe}"),
            StatementKind::Show(show) => write!(f, "{show}"),
            StatementKind::Use(target) => write!(f, "{target}"),
            StatementKind::AnalyzeTable(analyze) => write!(f, "{analyze}"),
            StatementKind::CreateTable(create) => write!(f, "{create}"),
            StatementKind::CreateView(create) => write!(f, "{create}"),
            StatementKind::CreateCatalog(create) => write!(f, "{create}"),
            StatementKind::CreateDatabase(create) => write!(f, "{create}"),
            StatementKind::CreateFunction(create) => write!(f, "{create}"),
            StatementKind::CreateModel(create) => write!(f, "{create}"),
            StatementKind::CreateConnection(create) => write!(f, "{create}"),
            StatementKind::CreateMaterializedTable(create) => write!(f, "{create}"),
            StatementKind::AlterTable(alter) => write!(f, "{alter}"),
            StatementKind::AlterView(alter) => write!(f, "{alter}"),
            StatementKind::AlterCatalog(alter) => write!(f, "{alter}"),
            StatementKind::AlterDatabase(alter) => write!(f, "{alter}"),
            StatementKind::AlterFunction(alter) => write!(f, "{alter}"),
            StatementKind::AlterModelOrConnection(alter) => write!(f, "{alter}"),
            StatementKind::AlterMaterializedTable(alter) => write!(f, "{alter}"),
            StatementKind::Drop(drop) => write!(f, "{drop}"),
            StatementKind::Client(command) => write!(f, "{command}"),
            _ => write_small(f, self),
        }
    }
}

/// The statements that have no type of their own.
fn write_small(f: &mut Formatter<'_>, kind: &StatementKind) -> Result {
    match kind {
        StatementKind::Truncate(table) => write!(f, "TRUNCATE TABLE {table}"),
        StatementKind::Call(call) => {
            f.write_str("CALL ")?;
            write_named_call(f, call)
        }
        StatementKind::BeginStatementSet => f.write_str("BEGIN STATEMENT SET"),
        StatementKind::EndStatementSet => f.write_str("END"),
        StatementKind::Execute(statement) => write!(f, "EXECUTE {statement}"),
        StatementKind::ExecutePlan { file } => write!(f, "EXECUTE PLAN {}", Text(file)),
        StatementKind::CompileAndExecutePlan { file, statement } => {
            let file = Text(file);
            write!(f, "COMPILE AND EXECUTE PLAN {file} FOR {statement}")
        }
        StatementKind::LoadModule { name, options } => {
            write!(f, "LOAD MODULE {name}")?;
            write_clause(f, " WITH (", options, ")")
        }
        StatementKind::UnloadModule { name } => write!(f, "UNLOAD MODULE {name}"),
        StatementKind::Set(None) => f.write_str("SET"),
        StatementKind::Set(Some(setting)) => {
            write!(f, "SET {} = {}", Text(&setting.key), Text(&setting.value))
        }
        StatementKind::Reset(None) => f.write_str("RESET"),
        StatementKind::Reset(Some(key)) => write!(f, "RESET {}", Text(key)),
        StatementKind::AddJar { path } => write!(f, "ADD JAR {}", Text(path)),
        StatementKind::RemoveJar { path } => write!(f, "REMOVE JAR {}", Text(path)),
        StatementKind::StopJob { id, with_savepoint, with_drain } => {
            write!(f, "STOP JOB {}", Text(id))?;
            write_if(f, *with_savepoint, " WITH SAVEPOINT")?;
            write_if(f, *with_drain, " WITH DRAIN")
        }
        _ => Ok(()),
    }
}

impl Display for Insert {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.overwrite {
            true => "INSERT OVERWRITE ",
            false => "INSERT INTO ",
        })?;
        write!(f, "{}", self.table)?;
        write_clause(f, " /*+ ", &self.hints, " */")?;
        write_clause(f, " PARTITION (", &self.partition, ")")?;
        write_clause(f, " (", &self.columns, ")")?;
        write!(f, " {}", self.source)?;
        f.write_str(match self.on_conflict {
            Some(ConflictBehavior::Error) => " ON CONFLICT DO ERROR",
            Some(ConflictBehavior::Nothing) => " ON CONFLICT DO NOTHING",
            Some(ConflictBehavior::Deduplicate) => " ON CONFLICT DO DEDUPLICATE",
            None => "",
        })
    }
}

impl Display for StatementSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write_if(f, self.execute, "EXECUTE ")?;
        f.write_str("STATEMENT SET BEGIN ")?;
        let mut inserts = self.inserts.iter();
        inserts.try_for_each(|insert| write!(f, "{insert}; "))?;
        f.write_str("END")
    }
}

impl Display for Update {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "UPDATE {}", self.table)?;
        write_clause(f, " /*+ ", &self.hints, " */")?;
        write_optional(f, " AS ", self.alias.as_ref())?;
        write_clause(f, " SET ", &self.assignments, "")?;
        write_optional(f, " WHERE ", self.filter.as_ref())
    }
}

impl Display for Assignment {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} = {}", self.column, self.value)
    }
}

impl Display for Delete {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "DELETE FROM {}", self.table)?;
        write_clause(f, " /*+ ", &self.hints, " */")?;
        write_optional(f, " AS ", self.alias.as_ref())?;
        write_optional(f, " WHERE ", self.filter.as_ref())
    }
}

impl Display for CompilePlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "COMPILE PLAN {}", Text(&self.file))?;
        write_if(f, self.if_not_exists, " IF NOT EXISTS")?;
        write!(f, " FOR {}", self.statement)
    }
}

impl Display for Explain {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("EXPLAIN ")?;
        match &self.target {
            ExplainTarget::PlanFile(file) => write!(f, "PLAN {}", Text(file)),
            ExplainTarget::Statement(statement) => {
                write_clause(f, "", &self.details, " ")?;
                write!(f, "{statement}")
            }
        }
    }
}

impl Display for ExplainDetail {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            ExplainDetail::EstimatedCost => "ESTIMATED_COST",
            ExplainDetail::ChangelogMode => "CHANGELOG_MODE",
            ExplainDetail::PlanAdvice => "PLAN_ADVICE",
            ExplainDetail::JsonExecutionPlan => "JSON_EXECUTION_PLAN",
        })
    }
}

impl Display for AnalyzeTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "ANALYZE TABLE {}", self.table)?;
        write_clause(f, " PARTITION (", &self.partition, ")")?;
        f.write_str(" COMPUTE STATISTICS")?;
        match &self.columns {
            AnalyzeColumns::None => Ok(()),
            AnalyzeColumns::All => f.write_str(" FOR ALL COLUMNS"),
            AnalyzeColumns::List(columns) => {
                f.write_str(" FOR COLUMNS ")?;
                write_list(f, columns)
            }
        }
    }
}

impl Display for ClientCommand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            ClientCommand::Quit => f.write_str("QUIT"),
            ClientCommand::Clear => f.write_str("CLEAR"),
            ClientCommand::Help => f.write_str("HELP"),
            ClientCommand::Source { file } => write!(f, "SOURCE {}", Text(file)),
        }
    }
}
