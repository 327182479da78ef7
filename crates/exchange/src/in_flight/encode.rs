//! A captured channel as bytes.

use arrow_array::ArrayRef;
use flott_record::{Batch, Element, KeyRows};

use super::{CapturedChannel, IN_FLIGHT_VERSION, InFlightError, Route, frame};

pub(super) const BATCH: u8 = 0;
pub(super) const WATERMARK: u8 = 1;
pub(super) const IDLE: u8 = 2;
pub(super) const ACTIVE: u8 = 3;

/// How a route is written.
pub(super) fn code_of_route(route: &Route) -> u8 {
    match route {
        Route::Hash { .. } => 0,
        Route::Any => 1,
        Route::First => 2,
        Route::Fixed => 3,
    }
}

impl CapturedChannel {
    /// The record of this channel.
    ///
    /// # Errors
    /// If Arrow cannot write a batch, or if its rows may go nowhere.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InFlightError> {
        let mut out = IN_FLIGHT_VERSION.to_le_bytes().to_vec();
        for number in [self.id.edge, self.id.sender, self.id.receiver, self.receivers] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        if self.route == Route::Fixed && !self.is_empty() {
            return Err(InFlightError::Damaged("a barrier overtook rows that may go nowhere else".to_string()));
        }
        out.push(code_of_route(&self.route));
        out.extend_from_slice(&self.watermark_ms.to_le_bytes());
        out.push(u8::from(self.is_idle));
        let mut keys = KeyRows::default();
        for element in &self.elements {
            match element {
                Element::Batch(batch) => self.push_batch(batch, &mut keys, &mut out)?,
                Element::Watermark(watermark_ms) => {
                    out.push(WATERMARK);
                    out.extend_from_slice(&watermark_ms.to_le_bytes());
                }
                Element::Idle => out.push(IDLE),
                Element::Active => out.push(ACTIVE),
                Element::Barrier(_) | Element::CancelBarrier(_) | Element::LatencyMarker(_) | Element::EndOfInput => {}
            }
        }
        Ok(out)
    }

    fn push_batch(&self, batch: &Batch, keys: &mut KeyRows, out: &mut Vec<u8>) -> Result<(), InFlightError> {
        let hashes = match &self.route {
            Route::Hash { columns } => {
                let columns: Vec<ArrayRef> = columns.iter().map(|column| batch.column(*column).clone()).collect();
                keys.encode_into(&columns, batch.num_rows());
                Some(keys.hashes())
            }
            Route::Any | Route::First | Route::Fixed => None,
        };
        let frame = frame::encode(batch, hashes)?;
        out.push(BATCH);
        out.extend_from_slice(&(frame.len() as u64).to_le_bytes());
        out.extend_from_slice(&frame);
        Ok(())
    }
}
