//! What a run of `flott sql` works with: the session, the environment, and the metrics that are to be kept.

use flott_client::sql::SqlClient;
use flott_environment::Environment;

use super::metrics_log::MetricsLog;

/// What statements run in.
pub struct Console {
    /// Catalog, configuration and cluster.
    pub client: SqlClient,
    /// Clock, disk and signals.
    pub environment: Environment,
    /// Metrics for `--metrics-json`.
    pub metrics: MetricsLog,
}
