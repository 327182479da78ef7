//! Scopes: who a metric belongs to, written as Flink's default scope formats write it.

use std::collections::BTreeMap;

use crate::limits::MAX_OPERATOR_NAME_CHARS;

/// Who a task is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskIdentity {
    /// The vertex's id, in hexadecimal.
    pub task_id: String,
    /// The vertex's name.
    pub task_name: String,
    /// The attempt's id.
    pub attempt_id: String,
    /// The attempt's number, from 0.
    pub attempt_number: u32,
    /// The subtask's index, from 0.
    pub subtask_index: u32,
}

/// Who an operator inside a task is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorIdentity {
    /// The operator's id, in hexadecimal.
    pub operator_id: String,
    /// The operator's name.
    pub operator_name: String,
}

/// A scope: its parts as the identifier shows them, its logical name, its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// `host`, `taskmanager`, the task manager's id, …
    pub(crate) parts: Vec<String>,
    /// `taskmanager.job.task.operator`: without anything that varies.
    pub(crate) logical: Vec<String>,
    /// `host`, `tm_id`, `job_id`, … with their values.
    pub(crate) variables: BTreeMap<&'static str, String>,
    /// Labels that `add_group_with_value` gave.
    pub(crate) user_variables: BTreeMap<String, String>,
}

impl Scope {
    /// `<host>.taskmanager.<tm_id>`.
    pub(crate) fn task_manager(host: &str, tm_id: &str) -> Self {
        Scope {
            parts: vec![host.to_string(), "taskmanager".to_string(), tm_id.to_string()],
            logical: vec!["taskmanager".to_string()],
            variables: BTreeMap::from([("host", host.to_string()), ("tm_id", tm_id.to_string())]),
            user_variables: BTreeMap::new(),
        }
    }

    /// `<host>.jobmanager`.
    pub(crate) fn job_manager(host: &str) -> Self {
        Scope {
            parts: vec![host.to_string(), "jobmanager".to_string()],
            logical: vec!["jobmanager".to_string()],
            variables: BTreeMap::from([("host", host.to_string())]),
            user_variables: BTreeMap::new(),
        }
    }

    /// `….<job_name>`.
    pub(crate) fn job(&self, job_id: &str, job_name: &str) -> Self {
        let mut scope = self.clone();
        scope.parts.push(job_name.to_string());
        scope.logical.push("job".to_string());
        scope.variables.extend([("job_id", job_id.to_string()), ("job_name", job_name.to_string())]);
        scope
    }

    /// `….<task_name>.<subtask_index>`.
    pub(crate) fn task(&self, task: &TaskIdentity) -> Self {
        let mut scope = self.clone();
        scope.parts.extend([task.task_name.clone(), task.subtask_index.to_string()]);
        scope.logical.push("task".to_string());
        scope.variables.extend([
            ("task_id", task.task_id.clone()),
            ("task_name", task.task_name.clone()),
            ("task_attempt_id", task.attempt_id.clone()),
            ("task_attempt_num", task.attempt_number.to_string()),
            ("subtask_index", task.subtask_index.to_string()),
        ]);
        scope
    }

    /// `….<operator_name>.<subtask_index>`: instead of the task's name, as in Flink.
    pub(crate) fn operator(&self, operator: &OperatorIdentity) -> Self {
        let mut scope = self.clone();
        let name: String = operator.operator_name.chars().take(MAX_OPERATOR_NAME_CHARS).collect();
        let task_name_index = scope.parts.len().saturating_sub(2);
        if let Some(task_name) = scope.parts.get_mut(task_name_index) {
            task_name.clone_from(&name);
        }
        scope.logical.push("operator".to_string());
        scope.variables.extend([("operator_id", operator.operator_id.clone()), ("operator_name", name)]);
        scope
    }

    /// `….<name>`: a group of a connector or user.
    pub(crate) fn named(&self, name: &str) -> Self {
        let mut scope = self.clone();
        scope.parts.push(name.to_string());
        scope.logical.push(name.to_string());
        scope
    }

    /// `….<key>.<value>`, with the value a label as well.
    pub(crate) fn named_with_value(&self, key: &str, value: &str) -> Self {
        let mut scope = self.clone();
        scope.parts.extend([key.to_string(), value.to_string()]);
        scope.logical.push(key.to_string());
        scope.user_variables.insert(key.to_string(), value.to_string());
        scope
    }

    pub(crate) fn identifier(&self, metric: &str) -> String {
        joined(&self.parts, metric)
    }

    pub(crate) fn logical_name(&self, metric: &str) -> String {
        joined(&self.logical, metric)
    }
}

fn joined(parts: &[String], metric: &str) -> String {
    let mut name = parts.join(".");
    name.push('.');
    name.push_str(metric);
    name
}
