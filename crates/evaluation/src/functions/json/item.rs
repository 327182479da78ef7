//! `v['key']` and `v[1]` of a VARIANT.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;

use super::value::Json;
use super::value_parsing::parse;
use crate::functions::constants::{Texts, build_texts, infallible};
use crate::functions::{CallSite, ScalarFunction};

/// Compiles access to a member by its key or to an element by its position, counted from 1; NULL where there is none.
pub(in crate::functions) fn compile(call: &CallSite) -> Box<dyn ScalarFunction> {
    if call.kind(1).is_character() {
        return infallible(|arguments, frame| {
            let (variants, keys) = (Texts::of(&arguments[0]), Texts::of(&arguments[1]));
            build_texts(arguments, frame.rows, |row, out| {
                let member = |value: Json| match value {
                    Json::Object(members) => {
                        members.into_iter().find(|(key, _)| key == keys.at(row)).map(|(_, value)| value)
                    }
                    _ => None,
                };
                Ok(write(parse(variants.at(row)).ok().and_then(member), out))
            })
        });
    }
    infallible(|arguments, frame| {
        let variants = Texts::of(&arguments[0]);
        let positions = arguments[1].as_primitive::<Int32Type>();
        let step = usize::from(positions.len() != 1);
        build_texts(arguments, frame.rows, |row, out| {
            let index = usize::try_from(positions.value(row * step)).ok().and_then(|position| position.checked_sub(1));
            let element = |value: Json| match (value, index) {
                (Json::Array(elements), Some(index)) => elements.into_iter().nth(index),
                _ => None,
            };
            Ok(write(parse(variants.at(row)).ok().and_then(element), out))
        })
    })
}

fn write(value: Option<Json>, out: &mut String) -> bool {
    if let Some(value) = &value {
        value.write(out);
    }
    value.is_some()
}
