//! Decoding and encoding whole texts.

use std::collections::BTreeMap;

use flott_format::{FailAtRowError, Filled, Format, FormatError, FormatSetup, Position, RowError, RowErrors, format};
use flott_record::value_array::{batch_from_rows, rows_of_batch};
use flott_record::{Field, RowKind, Schema, TypeKind, Value};

/// A table in a format.
pub struct Table {
    pub format: &'static dyn Format,
    pub schema: Schema,
    pub options: BTreeMap<String, String>,
}

/// Rows, and after each batch how many there were and where the decoder stood.
pub type Decoded = (Vec<Vec<Value>>, Vec<(usize, Position)>);

/// Collects bad records.
#[derive(Default)]
pub struct Skip(pub Vec<RowError>);

impl RowErrors for Skip {
    fn row_error(&mut self, error: RowError) -> Result<(), RowError> {
        self.0.push(error);
        Ok(())
    }
}

impl Table {
    pub fn new(name: &str, columns: &[(&str, TypeKind)], options: &[(&str, &str)]) -> Self {
        let fields = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone().nullable())).collect();
        let options = options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Table { format: format(name).expect("a known format"), schema: Schema::new(fields), options }
    }

    pub fn setup(&self) -> FormatSetup<'_> {
        FormatSetup { options: &self.options, schema: &self.schema, time_zone: "UTC" }
    }

    pub fn all_columns(&self) -> Vec<usize> {
        (0..self.schema.len()).collect()
    }

    /// All rows of a text that comes in two pieces, in batches of at most `rows_max`; the positions after each batch.
    pub fn decode_pieces(
        &self,
        pieces: &[&[u8]],
        rows_max: usize,
        start: Position,
        errors: &mut dyn RowErrors,
    ) -> Result<Decoded, FormatError> {
        let mut decoder = self.format.decoder(&self.setup(), &self.all_columns(), start)?;
        let (mut rows, mut positions) = (Vec::new(), Vec::new());
        let mut rest = pieces.iter();
        loop {
            let filled = decoder.fill(rows_max, errors)?;
            match (filled, rest.next()) {
                (Filled::Full, piece) => {
                    let batch = decoder.take()?;
                    rows.extend(rows_of_batch(&self.schema, &batch).into_iter().map(|(_, cells)| cells));
                    positions.push((rows.len(), decoder.position()));
                    if let Some(piece) = piece {
                        decoder.push(piece);
                    }
                }
                (Filled::NeedsBytes, Some(piece)) => decoder.push(piece),
                (Filled::NeedsBytes, None) => decoder.end_input(),
                (Filled::Finished, piece) => {
                    assert!(piece.is_none());
                    let batch = decoder.take()?;
                    rows.extend(rows_of_batch(&self.schema, &batch).into_iter().map(|(_, cells)| cells));
                    positions.push((rows.len(), decoder.position()));
                    return Ok((rows, positions));
                }
            }
        }
    }

    pub fn decode(&self, text: &[u8]) -> Result<Vec<Vec<Value>>, String> {
        let decoded = self.decode_pieces(&[text], 1_000, Position::START, &mut FailAtRowError);
        decoded.map(|(rows, _)| rows).map_err(|error| error.to_string())
    }

    pub fn decode_skipping(&self, text: &[u8]) -> (Vec<Vec<Value>>, Vec<RowError>) {
        let mut errors = Skip::default();
        let decoded = self.decode_pieces(&[text], 1_000, Position::START, &mut errors);
        (decoded.expect("bad rows are skipped").0, errors.0)
    }

    /// The text of each cell of the only column of a one-row text, as `Value` shows it.
    pub fn show(&self, text: &[u8]) -> String {
        match self.decode(text) {
            Ok(rows) => rows.iter().map(|row| row[0].to_string()).collect::<Vec<_>>().join("|"),
            Err(message) => format!("ERR {message}"),
        }
    }

    pub fn encode(&self, rows: &[Vec<Value>]) -> Result<Vec<u8>, FormatError> {
        let rows: Vec<_> = rows.iter().map(|cells| (RowKind::Insert, cells.clone())).collect();
        let batch = batch_from_rows(&self.schema, &rows).expect("values of their types");
        let mut out = Vec::new();
        self.format.encoder(&self.setup())?.encode(&batch, &mut out)?;
        Ok(out)
    }

    pub fn encode_text(&self, rows: &[Vec<Value>]) -> String {
        String::from_utf8(self.encode(rows).expect("can be written")).expect("UTF-8")
    }
}
