//! LISTAGG: texts one after the other with a delimiter (`,` unless given); NULLs are left out. A retraction takes away the first equal text.

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, StringArray};
use flott_expression::AggregateCall;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function};
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    let texts = call.argument_types.iter().all(|data_type| data_type.kind.is_character());
    if !texts || !(1..=2).contains(&call.arguments.len()) {
        return Err(not_supported(call));
    }
    Ok(Columnar::boxed(ListText))
}

struct ListText;

/// The texts in order, and the delimiter that came last.
#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    owed: Vec<String>,
    delimiter: Option<String>,
}

impl Texts {
    fn add(&mut self, text: &str) {
        match self.owed.iter().position(|owed| owed == text) {
            Some(place) => {
                self.owed.remove(place);
            }
            None => self.texts.push(text.to_string()),
        }
    }

    fn remove(&mut self, text: &str) {
        match self.texts.iter().position(|present| present == text) {
            Some(place) => {
                self.texts.remove(place);
            }
            None => self.owed.push(text.to_string()),
        }
    }

    fn delimit(&mut self, delimiter: &str) {
        if self.delimiter.as_deref() != Some(delimiter) {
            self.delimiter = Some(delimiter.to_string());
        }
    }
}

impl Function for ListText {
    type State = Texts;
    type Input<'a> = (&'a StringArray, Option<&'a StringArray>);
    type Results = StringBuilder;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        (arguments[0].as_string(), arguments.get(1).map(|delimiter| delimiter.as_string()))
    }

    fn accumulate(&self, state: &mut Texts, input: &Self::Input<'_>, row: usize) {
        state.add(input.0.value(row));
        if let Some(delimiters) = input.1 {
            state.delimit(delimiters.value(row));
        }
    }

    fn retract(&self, state: &mut Texts, input: &Self::Input<'_>, row: usize) {
        state.remove(input.0.value(row));
    }

    fn results(&self, capacity: usize) -> StringBuilder {
        StringBuilder::with_capacity(capacity, 16 * capacity)
    }

    fn append(&self, state: &Texts, results: &mut StringBuilder) {
        if state.texts.is_empty() {
            results.append_null();
        } else {
            results.append_value(state.texts.join(state.delimiter.as_deref().unwrap_or(",")));
        }
    }

    fn encode(&self, state: &Texts, out: &mut Vec<u8>) {
        for texts in [&state.texts, &state.owed] {
            write_length(out, texts.len() as u64);
            texts.iter().for_each(|text| text.encode(out));
        }
        state.delimiter.encode(out);
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Texts, DecodeError> {
        let mut list = || (0..read_length(bytes)?).map(|_| String::decode(bytes)).collect::<Result<Vec<_>, _>>();
        let (texts, owed) = (list()?, list()?);
        Ok(Texts { texts, owed, delimiter: Option::decode(bytes)? })
    }

    fn merge(&self, state: &mut Texts, other: &Texts) {
        other.owed.iter().for_each(|text| state.remove(text));
        other.texts.iter().for_each(|text| state.add(text));
        if let Some(delimiter) = &other.delimiter {
            state.delimit(delimiter);
        }
    }
}
