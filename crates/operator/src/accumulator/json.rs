//! JSON_OBJECTAGG and JSON_ARRAYAGG. The planner gives keys and values as JSON text, so that here texts are put together only: an object's members in
//! the order of their keys, an array's elements in the order in which they came.

use std::collections::BTreeMap;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray};
use flott_expression::AggregateCall;
use flott_expression::aggregate::AggregateFunction;
use flott_state::encoding::{read_length, write_length};
use flott_state::{DecodeError, StateValue};

use super::columnar::{Columnar, Function, Results};
use super::{Accumulator, not_supported};
use crate::interface::OperatorError;

pub(super) fn build(call: &AggregateCall) -> Result<Box<dyn Accumulator>, OperatorError> {
    use AggregateFunction as F;
    if !call.argument_types.iter().all(|data_type| data_type.kind.is_character()) {
        return Err(not_supported(call));
    }
    match (call.function, call.arguments.len()) {
        (F::JsonObjectAgg, 2) => Ok(Columnar::boxed(Object { absent_on_null: false })),
        (F::JsonObjectAggAbsent, 2) => Ok(Columnar::boxed(Object { absent_on_null: true })),
        (F::JsonArrayAgg, 1) => Ok(Columnar::boxed(List { absent_on_null: false })),
        (F::JsonArrayAggAbsent, 1) => Ok(Columnar::boxed(List { absent_on_null: true })),
        _ => Err(not_supported(call)),
    }
}

/// The JSON of a value; SQL's NULL is JSON's.
fn text_at(values: &StringArray, row: usize) -> Option<&str> {
    values.is_valid(row).then(|| values.value(row))
}

struct Object {
    absent_on_null: bool,
}

/// For each key how often it is there, and its last value.
type Members = BTreeMap<String, (i64, Option<String>)>;

/// Objects; a key that is there twice fails.
struct Objects {
    values: StringBuilder,
    repeated: Option<String>,
}

impl Results for Objects {
    fn finish(self) -> Result<ArrayRef, OperatorError> {
        match self.repeated {
            Some(key) => Err(OperatorError::Failed(format!("Key {key} is already present in JSON_OBJECTAGG."))),
            None => Results::finish(self.values),
        }
    }
}

impl Function for Object {
    type State = Members;
    type Input<'a> = (&'a StringArray, &'a StringArray);
    type Results = Objects;
    const TAKES_NULLS: bool = true;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> Self::Input<'a> {
        (arguments[0].as_string(), arguments[1].as_string())
    }

    fn accumulate(&self, state: &mut Members, (keys, values): &Self::Input<'_>, row: usize) {
        let Some(key) = text_at(keys, row) else { return };
        let value = text_at(values, row);
        if value.is_none() && self.absent_on_null {
            return;
        }
        let member = state.entry(key.to_string()).or_default();
        member.0 += 1;
        member.1 = value.map(str::to_string);
    }

    fn retract(&self, state: &mut Members, (keys, values): &Self::Input<'_>, row: usize) {
        let Some(key) = text_at(keys, row) else { return };
        if self.absent_on_null && values.is_null(row) {
            return;
        }
        let member = state.entry(key.to_string()).or_default();
        member.0 -= 1;
        if member.0 == 0 {
            state.remove(key);
        }
    }

    fn results(&self, capacity: usize) -> Objects {
        Objects { values: StringBuilder::with_capacity(capacity, 16 * capacity), repeated: None }
    }

    fn append(&self, state: &Members, results: &mut Objects) {
        let mut text = String::from("{");
        for (key, (count, value)) in state.iter().filter(|(_, (count, _))| *count > 0) {
            if *count > 1 && results.repeated.is_none() {
                results.repeated = Some(key.clone());
            }
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(key);
            text.push(':');
            text.push_str(value.as_deref().unwrap_or("null"));
        }
        text.push('}');
        results.values.append_value(text);
    }

    fn encode(&self, state: &Members, out: &mut Vec<u8>) {
        write_length(out, state.len() as u64);
        for (key, (count, value)) in state {
            key.encode(out);
            count.encode(out);
            value.encode(out);
        }
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Members, DecodeError> {
        let mut state = Members::new();
        for _ in 0..read_length(bytes)? {
            let key = String::decode(bytes)?;
            state.insert(key, (i64::decode(bytes)?, Option::decode(bytes)?));
        }
        Ok(state)
    }

    fn merge(&self, state: &mut Members, other: &Members) {
        for (key, (count, value)) in other {
            let member = state.entry(key.clone()).or_default();
            member.0 += count;
            if *count > 0 {
                member.1.clone_from(value);
            }
            if member.0 == 0 {
                state.remove(key);
            }
        }
    }
}

struct List {
    absent_on_null: bool,
}

/// The elements in order, and retractions that came before their row.
#[derive(Default)]
struct Elements {
    elements: Vec<Option<String>>,
    owed: Vec<Option<String>>,
}

impl Elements {
    fn add(&mut self, element: Option<&str>) {
        match self.owed.iter().position(|owed| owed.as_deref() == element) {
            Some(place) => {
                self.owed.remove(place);
            }
            None => self.elements.push(element.map(str::to_string)),
        }
    }

    fn remove(&mut self, element: Option<&str>) {
        match self.elements.iter().position(|present| present.as_deref() == element) {
            Some(place) => {
                self.elements.remove(place);
            }
            None => self.owed.push(element.map(str::to_string)),
        }
    }
}

impl Function for List {
    type State = Elements;
    type Input<'a> = &'a StringArray;
    type Results = StringBuilder;
    const TAKES_NULLS: bool = true;

    fn input<'a>(&self, arguments: &'a [ArrayRef]) -> &'a StringArray {
        arguments[0].as_string()
    }

    fn accumulate(&self, state: &mut Elements, input: &&StringArray, row: usize) {
        if !(self.absent_on_null && input.is_null(row)) {
            state.add(text_at(input, row));
        }
    }

    fn retract(&self, state: &mut Elements, input: &&StringArray, row: usize) {
        if !(self.absent_on_null && input.is_null(row)) {
            state.remove(text_at(input, row));
        }
    }

    fn results(&self, capacity: usize) -> StringBuilder {
        StringBuilder::with_capacity(capacity, 16 * capacity)
    }

    fn append(&self, state: &Elements, results: &mut StringBuilder) {
        let texts: Vec<&str> = state.elements.iter().map(|element| element.as_deref().unwrap_or("null")).collect();
        results.append_value(format!("[{}]", texts.join(",")));
    }

    fn encode(&self, state: &Elements, out: &mut Vec<u8>) {
        for elements in [&state.elements, &state.owed] {
            write_length(out, elements.len() as u64);
            elements.iter().for_each(|element| element.encode(out));
        }
    }

    fn decode(&self, bytes: &mut &[u8]) -> Result<Elements, DecodeError> {
        let mut list = || (0..read_length(bytes)?).map(|_| Option::decode(bytes)).collect::<Result<Vec<_>, _>>();
        Ok(Elements { elements: list()?, owed: list()? })
    }

    fn merge(&self, state: &mut Elements, other: &Elements) {
        other.owed.iter().for_each(|element| state.remove(element.as_deref()));
        other.elements.iter().for_each(|element| state.add(element.as_deref()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flott_record::TypeKind;

    use super::super::Rows;
    use super::*;

    fn result(function: AggregateFunction, arguments: &[ArrayRef], kinds: Option<&[u8]>) -> Result<String, String> {
        let text = TypeKind::string().nullable();
        let call = AggregateCall {
            function,
            arguments: (0..arguments.len()).collect(),
            argument_types: vec![text.clone(); arguments.len()],
            distinct: false,
            filter: None,
            data_type: text,
            name: String::new(),
        };
        let mut accumulator = build(&call).expect("supported");
        accumulator.resize(1);
        let slots = vec![0; arguments[0].len()];
        accumulator.update(&Rows { slots: &slots, arguments, selected: None, kinds }).expect("accepted");
        let mut encoded = Vec::new();
        accumulator.encode(0, &mut encoded);
        accumulator.clear(0);
        accumulator.merge(0, &mut encoded.as_slice()).expect("a state");
        let values = accumulator.values(&[0]).map_err(|error| error.to_string())?;
        Ok(values.as_string::<i32>().value(0).to_string())
    }

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn nulls_are_kept_or_left_out() {
        use AggregateFunction as F;
        let keys = texts(&[Some("\"b\""), Some("\"a\""), None]);
        let values = texts(&[Some("1"), None, Some("3")]);
        let object = [keys, values.clone()];
        assert_eq!(result(F::JsonObjectAgg, &object, None).as_deref(), Ok(r#"{"a":null,"b":1}"#));
        assert_eq!(result(F::JsonObjectAggAbsent, &object, None).as_deref(), Ok(r#"{"b":1}"#));
        assert_eq!(result(F::JsonArrayAgg, std::slice::from_ref(&values), None).as_deref(), Ok("[1,null,3]"));
        assert_eq!(result(F::JsonArrayAggAbsent, &[values], None).as_deref(), Ok("[1,3]"));
    }

    #[test]
    fn retracted_rows_go_and_repeated_keys_fail() {
        use AggregateFunction as F;
        let keys = texts(&[Some("\"a\""), Some("\"a\""), Some("\"a\"")]);
        let values = texts(&[Some("1"), Some("1"), Some("2")]);
        let (insert, delete) = (0, 3);
        let kinds = [insert, delete, insert];
        let object = [keys, values.clone()];
        assert_eq!(result(F::JsonObjectAgg, &object, Some(&kinds)).as_deref(), Ok(r#"{"a":2}"#));
        assert!(result(F::JsonObjectAgg, &object, None).is_err_and(|error| error.contains("already present")));
        assert_eq!(result(F::JsonArrayAgg, &[values], Some(&kinds)).as_deref(), Ok("[2]"));
    }
}
