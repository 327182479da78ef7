//! Makes lookup joins: what they ask is the connector's lookup, or a bounded table that is read once.

use arrow_array::ArrayRef;
use flott_connector::{Connector, ConnectorError, LoadedTable, Lookup, LookupSetup, Poll, ReaderSetup, Registry};
use flott_environment::Environment;
use flott_job::versioned_join::LookupJoinSpec;
use flott_operator::lookup_join::{LookupJoin, LookupTable};
use flott_operator::{Operator, OperatorError, Setup};
use flott_record::Batch;
use flott_record::limits::BATCH_ROWS_MAX;

/// The operator of a lookup join.
pub(crate) fn operator(
    spec: &LookupJoinSpec,
    setup: &Setup,
    connectors: &Registry,
    environment: &Environment,
) -> Result<Box<dyn Operator>, String> {
    let table = table(spec, setup, connectors, environment).map_err(|error| error.to_string())?;
    let join = LookupJoin::new(spec, Box::new(table), setup).map_err(|error| error.to_string())?;
    Ok(Box::new(join))
}

/// A connector's lookup as operators see it.
struct Asked(Box<dyn Lookup>);

impl LookupTable for Asked {
    fn find(&mut self, keys: &[ArrayRef], count: usize) -> Result<(Batch, Vec<u32>), OperatorError> {
        let found = self.0.lookup(keys, count).map_err(|error| OperatorError::Failed(error.to_string()))?;
        Ok((found.rows, found.of_key))
    }
}

fn table(
    spec: &LookupJoinSpec,
    setup: &Setup,
    connectors: &Registry,
    environment: &Environment,
) -> Result<Asked, ConnectorError> {
    let connector = connectors.get(spec.table.options.get("connector").map_or("", String::as_str))?;
    let lookup_setup = LookupSetup {
        environment: environment.clone(),
        projection: spec.projection.clone(),
        output: spec.fetched.clone(),
        keys: spec.keys.iter().map(|(column, _)| *column).collect(),
        time_zone: setup.session.time_zone.clone(),
    };
    if let Some(lookup) = connector.lookup(&spec.table, &lookup_setup)? {
        return Ok(Asked(lookup));
    }
    let batches = read_all(connector.as_ref(), spec, &lookup_setup)?;
    Ok(Asked(Box::new(LoadedTable::new(&batches, &lookup_setup.keys, &spec.fetched)?)))
}

/// All rows of a bounded table, in the columns that are fetched.
fn read_all(
    connector: &dyn Connector,
    spec: &LookupJoinSpec,
    setup: &LookupSetup,
) -> Result<Vec<Batch>, ConnectorError> {
    let capabilities = connector.capabilities(&spec.table)?;
    let refused = |why: &str| Err(ConnectorError::new(format!("table {} cannot be looked up: {why}", spec.table.name)));
    if !capabilities.bounded {
        return refused("its connector has no lookup, and it is unbounded, so that it cannot be read as a whole");
    }
    let width = spec.table.schema.len() + spec.table.metadata.len();
    let all_columns: Vec<usize> = (0..width).collect();
    let projects = capabilities.projection_push_down;
    let source = connector.source(&spec.table)?;
    let mut enumerator = source.enumerator(&setup.environment, 1)?;
    let mut reader = source.reader(&ReaderSetup {
        environment: setup.environment.clone(),
        subtask: 0,
        parallelism: 1,
        projection: if projects { spec.projection.clone() } else { all_columns },
        output: setup.output.clone(),
        time_zone: setup.time_zone.clone(),
        batch_rows_max: BATCH_ROWS_MAX,
    })?;
    for split in enumerator.discover(setup.environment.clock().now_ms())? {
        reader.add_split(split)?;
    }
    let mut batches = Vec::new();
    loop {
        match reader.poll()? {
            Poll::Batch(batch) if projects => batches.push(batch),
            Poll::Batch(batch) => batches.push(batch.project(&spec.projection)),
            Poll::NeedsSplit => return Ok(batches),
            Poll::Pending { .. } => return refused("it has more rows later"),
        }
    }
}
