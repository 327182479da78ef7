//! `JSON_OBJECT`, `JSON_ARRAY`, `JSON_STRING`.

use arrow_array::{Array, ArrayRef};

use super::value::write_string;
use super::value_parsing::parse;
use super::writer::Writer;
use crate::evaluator::{CompileError, EvaluationError};
use crate::functions::constants::{Column, Texts, build_texts, scalars};
use crate::functions::mapping::failed;
use crate::functions::{CallSite, Frame, ScalarFunction};

type Compiled = Result<Box<dyn ScalarFunction>, CompileError>;

pub(super) fn compile(call: &CallSite) -> Option<Compiled> {
    match call.name.as_str() {
        "JSON_STRING" => Some(compile_string(call)),
        "JSON_OBJECT" => Some(compile_object(call)),
        "JSON_ARRAY" => Some(compile_array(call)),
        _ => None,
    }
}

fn compile_string(call: &CallSite) -> Compiled {
    let writer = call.argument_types.first().and_then(Writer::of).ok_or_else(|| call.not_supported())?;
    Ok(scalars(move |arguments, frame| {
        build_texts(arguments, frame.rows, |row, out| {
            writer.write(&arguments[0], place(&arguments[0], row), out).map_err(|message| failed(row, message))?;
            Ok(true)
        })
    }))
}

/// The place of a row's value; a constant has one for all rows.
fn place(array: &ArrayRef, row: usize) -> usize {
    if array.len() == 1 { 0 } else { row }
}

/// A value to be put into an object or array: where it is, and how it is written.
struct Input {
    index: usize,
    form: Form,
}

enum Form {
    Sql(Writer),
    /// Text that holds JSON.
    Json,
}

impl Input {
    /// The value at an argument, after the word that says its form.
    fn of(call: &CallSite, index: usize) -> Result<Self, CompileError> {
        let form = if call.text_literal(index - 1) == Some("JSON") && call.kind(index).is_character() {
            Form::Json
        } else {
            Form::Sql(Writer::of(&call.argument_types[index]).ok_or_else(|| call.not_supported())?)
        };
        Ok(Input { index, form })
    }

    fn is_null(&self, arguments: &[ArrayRef], row: usize) -> bool {
        let array = &arguments[self.index];
        // An array of untyped NULLs has no mask.
        if array.data_type() == &arrow_schema::DataType::Null || array.is_null(place(array, row)) {
            return true;
        }
        // Blank text holds no JSON.
        matches!(self.form, Form::Json) && Texts::of(array).at(row).trim().is_empty()
    }

    fn write(&self, arguments: &[ArrayRef], row: usize, out: &mut String) -> Result<(), EvaluationError> {
        let array = &arguments[self.index];
        match &self.form {
            _ if self.is_null(arguments, row) => out.push_str("null"),
            Form::Sql(writer) => {
                writer.write(array, place(array, row), out).map_err(|message| failed(row, message))?;
            }
            Form::Json => {
                let text = Texts::of(array).at(row);
                parse(text).map_err(|error| failed(row, error.to_string()))?.write(out);
            }
        }
        Ok(())
    }
}

fn absent_on_null(call: &CallSite, default: &str) -> bool {
    call.text_literal(0).unwrap_or(default) == "ABSENT"
}

/// Members are written in order of their keys; of equal keys the last counts.
fn compile_object(call: &CallSite) -> Compiled {
    let absent = absent_on_null(call, "NULL");
    let inputs: Result<Vec<(usize, Input)>, CompileError> =
        (1..call.len()).step_by(3).map(|key| Input::of(call, key + 2).map(|input| (key, input))).collect();
    let inputs = inputs?;
    Ok(scalars(move |arguments, frame| object(arguments, frame, &inputs, absent)))
}

fn object(arguments: &[ArrayRef], frame: &Frame, inputs: &[(usize, Input)], absent: bool) -> Column {
    let mut members: Vec<(&str, &Input)> = Vec::with_capacity(inputs.len());
    build_texts(&[], frame.rows, |row, out| {
        members.clear();
        for (key, input) in inputs {
            let key = Texts::of(&arguments[*key]).get(row);
            let key = key.ok_or_else(|| failed(row, "Key of JSON_OBJECT must not be NULL"))?;
            if absent && input.is_null(arguments, row) {
                continue;
            }
            match members.iter_mut().find(|(present, _)| *present == key) {
                Some(member) => member.1 = input,
                None => members.push((key, input)),
            }
        }
        members.sort_by(|left, right| left.0.cmp(right.0));
        out.push('{');
        for (i, (key, input)) in members.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_string(key, out);
            out.push(':');
            input.write(arguments, row, out)?;
        }
        out.push('}');
        Ok(true)
    })
}

fn compile_array(call: &CallSite) -> Compiled {
    let absent = absent_on_null(call, "ABSENT");
    let inputs: Result<Vec<Input>, CompileError> =
        (2..call.len()).step_by(2).map(|index| Input::of(call, index)).collect();
    let inputs = inputs?;
    Ok(scalars(move |arguments, frame| {
        build_texts(&[], frame.rows, |row, out| {
            out.push('[');
            let mut first = true;
            for input in inputs.iter().filter(|input| !absent || !input.is_null(arguments, row)) {
                if !first {
                    out.push(',');
                }
                input.write(arguments, row, out)?;
                first = false;
            }
            out.push(']');
            Ok(true)
        })
    }))
}
