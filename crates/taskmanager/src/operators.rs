//! Makes the operators of a chain: those that specs describe, and those that a program registered by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use flott_job::OperatorSpec;
use flott_operator::{Operator, OperatorError, Setup};

/// Makes one subtask's operator, on that subtask's thread.
pub type MakeOperator = dyn Fn(&Setup) -> Result<Box<dyn Operator>, OperatorError> + Send + Sync;

/// Operators that jobs name by [`OperatorSpec::Custom`].
#[derive(Clone, Default)]
pub struct CustomOperators {
    makers: BTreeMap<String, Arc<MakeOperator>>,
}

impl CustomOperators {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one under a name; a later one replaces an earlier one.
    pub fn register(
        &mut self,
        name: impl Into<String>,
        make: impl Fn(&Setup) -> Result<Box<dyn Operator>, OperatorError> + Send + Sync + 'static,
    ) {
        self.makers.insert(name.into(), Arc::new(make));
    }

    /// Builds the operator of a spec.
    pub(crate) fn build(&self, spec: &OperatorSpec, setup: &Setup) -> Result<Box<dyn Operator>, OperatorError> {
        let OperatorSpec::Custom(name) = spec else { return flott_operator::build(spec, setup) };
        let make = self.makers.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.makers.keys().map(String::as_str).collect();
            OperatorError::Failed(format!("no operator '{name}' is registered; there are: {}", known.join(", ")))
        })?;
        make(setup)
    }
}
