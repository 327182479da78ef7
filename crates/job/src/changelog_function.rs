//! TO_CHANGELOG and FROM_CHANGELOG as data.

use flott_record::RowKind;
use serde::{Deserialize, Serialize};

/// Rows of any kind become `+I` rows with a first column that names their kind. Output: the code (STRING), then the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToChangelogSpec {
    /// The code of each kind, by the kind's number; rows of kinds without one are dropped.
    pub codes: [Option<String>; 4],
}

/// `+I` rows with a column that names a kind become rows of this kind, without the column. Rows with another code are dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FromChangelogSpec {
    /// Position of the column with the code (text).
    pub code: usize,
    /// The kind of each code.
    pub kinds: Vec<(String, RowKind)>,
}
