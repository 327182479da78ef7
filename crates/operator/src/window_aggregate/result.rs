//! The rows of closed windows: keys, results, window columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, TimestampMillisecondArray};
use arrow_schema::DataType as ArrowType;
use flott_job::window::WindowProperty;
use flott_record::Batch;

use crate::accumulator::Accumulators;
use crate::interface::{Context, OperatorError};
use crate::key_decoder::KeyDecoder;
use crate::window_time::WindowClock;

/// What makes rows of results.
pub(super) struct ResultRows {
    pub(super) decoder: KeyDecoder,
    pub(super) properties: Vec<WindowProperty>,
    pub(super) clock: WindowClock,
}

/// Start and end of a window, in window time.
pub(super) type Bounds = (i64, i64);

impl ResultRows {
    pub(super) fn new(key_types: Vec<ArrowType>, properties: &[WindowProperty], clock: WindowClock) -> Self {
        ResultRows { decoder: KeyDecoder::new(key_types), properties: properties.to_vec(), clock }
    }

    /// Emits one row for each key: its slot's results in its window. Groups without rows have none.
    pub(super) fn emit<'a>(
        &self,
        accumulators: &mut Accumulators,
        groups: impl Iterator<Item = (&'a [u8], u32, Bounds)>,
        context: &mut Context<'_>,
    ) -> Result<(), OperatorError> {
        let there = groups.filter(|(_, slot, _)| accumulators.rows(*slot) != Some(0));
        let (mut keys, mut slots, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
        for (key, slot, window) in there {
            keys.push(key);
            slots.push(slot);
            bounds.push(window);
        }
        if slots.is_empty() {
            return Ok(());
        }
        let mut columns = self.decoder.decode(keys.into_iter())?;
        columns.extend(accumulators.values(&slots)?);
        columns.extend(self.properties.iter().map(|property| self.property(*property, &bounds)));
        context.emit(Batch::new(columns, slots.len()));
        Ok(())
    }

    fn property(&self, property: WindowProperty, bounds: &[Bounds]) -> ArrayRef {
        let value = |(start, end): &Bounds| match property {
            WindowProperty::Start => *start,
            WindowProperty::End => *end,
            WindowProperty::Time => self.clock.to_instant_ms(end.saturating_sub(1)),
        };
        Arc::new(TimestampMillisecondArray::from_iter_values(bounds.iter().map(value)))
    }
}
