//! LIKE: what a new table takes from an existing one.

use flott_syntax::ast::{LikeFeature, LikeOption, MergingStrategy};

use super::{ResolvedTable, TableColumnKind};
use crate::error::{Result, SqlError};

/// The strategy for each feature.
#[derive(Clone, Debug)]
pub struct LikeOptions {
    strategies: Vec<(&'static str, MergingStrategy)>,
}

const FEATURES: [LikeFeature; 7] = [
    LikeFeature::Constraints,
    LikeFeature::Distribution,
    LikeFeature::Generated,
    LikeFeature::Metadata,
    LikeFeature::Options,
    LikeFeature::Partitions,
    LikeFeature::Watermarks,
];

impl LikeOptions {
    /// The strategies as written; what is not written is INCLUDING, of OPTIONS it is OVERWRITING.
    ///
    /// # Errors
    /// A feature named twice, or a strategy that a feature does not have.
    pub fn new(options: &[LikeOption]) -> Result<Self> {
        for (position, option) in options.iter().enumerate() {
            if options[..position].iter().any(|earlier| earlier.feature == option.feature) {
                return Err(SqlError::at(option.span, "Each like option feature can be declared only once."));
            }
            let overwritable = matches!(
                option.feature,
                LikeFeature::Generated | LikeFeature::Metadata | LikeFeature::Options | LikeFeature::Watermarks
            );
            if option.strategy == MergingStrategy::Overwriting && !overwritable {
                let message =
                    format!("Illegal merging strategy 'OVERWRITING' for '{}' option.", feature_name(option.feature));
                return Err(SqlError::at(option.span, message));
            }
        }
        let written = |feature| options.iter().find(|option| option.feature == feature).map(|option| option.strategy);
        let strategy = |feature: LikeFeature| {
            let default = match feature {
                LikeFeature::Options => MergingStrategy::Overwriting,
                _ => MergingStrategy::Including,
            };
            let strategy = written(feature).or_else(|| written(LikeFeature::All)).unwrap_or(default);
            (feature_name(feature), strategy)
        };
        Ok(LikeOptions { strategies: FEATURES.into_iter().map(strategy).collect() })
    }

    fn strategy(&self, feature: &str) -> MergingStrategy {
        let found = self.strategies.iter().find(|(name, _)| *name == feature);
        found.map_or(MergingStrategy::Including, |(_, strategy)| *strategy)
    }

    /// Whether the new table's definition of a feature wins over the base table's.
    pub fn overwrites(&self, feature: &str) -> bool {
        self.strategy(feature) == MergingStrategy::Overwriting
    }

    /// Whether a feature of the base table is left out.
    pub fn excludes(&self, feature: &str) -> bool {
        self.strategy(feature) == MergingStrategy::Excluding
    }

    /// Puts what is taken from `base` into an empty table. Partition keys stay unless others are given, as in Flink.
    pub(super) fn inherit(&self, base: &ResolvedTable, table: &mut ResolvedTable) {
        let taken = |kind: &TableColumnKind| match kind {
            TableColumnKind::Physical => true,
            TableColumnKind::Computed(_) => !self.excludes("GENERATED"),
            TableColumnKind::Metadata { .. } => !self.excludes("METADATA"),
        };
        table.columns = base.columns.iter().filter(|column| taken(&column.kind)).cloned().collect();
        if !self.excludes("WATERMARKS") {
            table.watermark.clone_from(&base.watermark);
        }
        if !self.excludes("CONSTRAINTS") {
            table.primary_key.clone_from(&base.primary_key);
            table.primary_key_name.clone_from(&base.primary_key_name);
        }
        if !self.excludes("DISTRIBUTION") {
            table.distribution.clone_from(&base.distribution);
        }
        table.partition_keys.clone_from(&base.partition_keys);
        if !self.excludes("OPTIONS") {
            table.options.clone_from(&base.options);
        }
    }
}

fn feature_name(feature: LikeFeature) -> &'static str {
    match feature {
        LikeFeature::All => "ALL",
        LikeFeature::Constraints => "CONSTRAINTS",
        LikeFeature::Distribution => "DISTRIBUTION",
        LikeFeature::Generated => "GENERATED",
        LikeFeature::Metadata => "METADATA",
        LikeFeature::Options => "OPTIONS",
        LikeFeature::Partitions => "PARTITIONS",
        LikeFeature::Watermarks => "WATERMARKS",
    }
}
