//! A batch as an Arrow IPC stream that carries its schema, its row kinds, event times and hashes.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt8Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt8Array, UInt32Array};
use arrow_buffer::ScalarBuffer;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{Field, Schema};
use flott_record::Batch;

use super::InFlightError;

const KINDS: &str = "$kind";
const EVENT_TIME: &str = "$time";
const HASH: &str = "$hash";

/// The bytes of a batch, with the hashes of its rows' keys where it has such.
pub(super) fn encode(batch: &Batch, hashes: Option<&[u32]>) -> Result<Vec<u8>, InFlightError> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: String, column: ArrayRef| {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    };
    for (index, column) in batch.columns().iter().enumerate() {
        add(format!("c{index}"), column.clone());
    }
    if let Some(kinds) = batch.kinds_buffer() {
        add(KINDS.to_string(), Arc::new(UInt8Array::new(kinds.clone(), None)));
    }
    if let Some(times) = batch.event_time() {
        add(EVENT_TIME.to_string(), Arc::new(times.clone()));
    }
    if let Some(hashes) = hashes {
        add(HASH.to_string(), Arc::new(UInt32Array::from(hashes.to_vec())));
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let record_batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &schema)?;
    writer.write(&record_batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

/// The batch of such bytes, and the hashes of its rows' keys.
pub(super) fn decode(bytes: &[u8]) -> Result<(Batch, Option<ScalarBuffer<u32>>), InFlightError> {
    let mut reader = StreamReader::try_new(bytes, None)?;
    let record_batch = reader.next().ok_or_else(|| InFlightError::Damaged("a frame has no batch".to_string()))??;
    let (mut columns, mut kinds, mut times, mut hashes) = (Vec::new(), None, None, None);
    for (field, column) in record_batch.schema().fields().iter().zip(record_batch.columns()) {
        let wrong = || InFlightError::Damaged(format!("column {} has type {}", field.name(), field.data_type()));
        match field.name().as_str() {
            KINDS => kinds = Some(column.as_primitive_opt::<UInt8Type>().ok_or_else(wrong)?.values().clone()),
            EVENT_TIME => times = Some(column.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?.clone()),
            HASH => hashes = Some(column.as_primitive_opt::<UInt32Type>().ok_or_else(wrong)?.values().clone()),
            _ => columns.push(column.clone()),
        }
    }
    let mut batch = Batch::new(columns, record_batch.num_rows()).with_event_time(times);
    if let Some(kinds) = kinds {
        if kinds.iter().any(|kind| usize::from(*kind) >= flott_record::RowKind::ALL.len()) {
            return Err(InFlightError::Damaged("a row kind is not known".to_string()));
        }
        batch = batch.with_kinds(kinds);
    }
    Ok((batch, hashes))
}
