//! Options of metrics: `metrics.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

use std::time::Duration;

flink_options! {
    /// Update interval for the metric fetcher used by the web UI.
    FETCHER_UPDATE_INTERVAL: Duration = "metrics.fetcher.update-interval", "10 s";
    /// Defines the granularity of latency metrics.
    LATENCY_GRANULARITY: String = "metrics.latency.granularity", "operator";
    /// Defines the number of measured latencies to maintain at each operator.
    LATENCY_HISTORY_SIZE: i32 = "metrics.latency.history-size", "128";
    /// Defines the interval at which latency tracking marks are emitted from the sources.
    LATENCY_INTERVAL: Duration = "metrics.latency.interval", "0 ms";
    /// An optional list of reporter names.
    REPORTERS: String = "metrics.reporters", none;
    /// Delimiter used to assemble the metric identifier.
    SCOPE_DELIMITER: String = "metrics.scope.delimiter", ".";
    /// Defines the scope format string that is applied to all metrics scoped to a JobManager.
    SCOPE_JM: String = "metrics.scope.jm", "<host>.jobmanager";
    /// Defines the scope format string that is applied to all metrics scoped to a job on a JobManager.
    SCOPE_JM_JOB: String = "metrics.scope.jm-job", "<host>.jobmanager.<job_name>", "metrics.scope.jm.job";
    /// Defines the scope format string that is applied to all metrics scoped to the components running on a
    /// JobManager of an Operator, like OperatorCoordinator for Source Enumerator metrics.
    SCOPE_JM_OPERATOR: String = "metrics.scope.jm-operator", "<host>.jobmanager.<job_name>.<operator_name>";
    /// Defines the scope format string that is applied to all metrics scoped to an operator.
    SCOPE_OPERATOR: String = "metrics.scope.operator", "<host>.taskmanager.<tm_id>.<job_name>.<operator_name>.<subtask_index>";
    /// Defines the scope format string that is applied to all metrics scoped to a task.
    SCOPE_TASK: String = "metrics.scope.task", "<host>.taskmanager.<tm_id>.<job_name>.<task_name>.<subtask_index>";
    /// Defines the scope format string that is applied to all metrics scoped to a TaskManager.
    SCOPE_TM: String = "metrics.scope.tm", "<host>.taskmanager.<tm_id>";
    /// Defines the scope format string that is applied to all metrics scoped to a job on a TaskManager.
    SCOPE_TM_JOB: String = "metrics.scope.tm-job", "<host>.taskmanager.<tm_id>.<job_name>", "metrics.scope.tm.job";
    /// Flag indicating whether Flink should report system resource metrics such as machine's CPU, memory or network
    /// usage.
    SYSTEM_RESOURCE: bool = "metrics.system-resource", "false";
    /// Interval between probing of system resource metrics specified.
    SYSTEM_RESOURCE_PROBING_INTERVAL: Duration = "metrics.system-resource-probing-interval", "5 s";
}
