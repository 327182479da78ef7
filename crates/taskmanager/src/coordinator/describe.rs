//! What an operator's snapshot consists of, for people and tools.

use flott_checkpoint::metadata::{KeyGroupSpan, StateDescription, StateKind};
use flott_record::Field;
use flott_state::{OperatorSnapshot, RowSchema};

/// The states of one subtask of an operator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    pub(crate) states: Vec<StateDescription>,
    /// Key groups of all keyed states.
    pub(crate) key_groups: Option<KeyGroupSpan>,
}

/// Describes a snapshot. Bytes that are none have no description; whoever restores them finds out why.
pub(crate) fn describe(bytes: &[u8]) -> Described {
    let Ok(snapshot) = OperatorSnapshot::from_bytes(bytes) else { return Described::default() };
    let mut states = Vec::new();
    for (name, state) in &snapshot.keyed {
        let spans = state.runs.iter().filter(|run| run.key_groups.start < run.key_groups.end);
        let spans = spans.map(|run| KeyGroupSpan { first: run.key_groups.start, last: run.key_groups.end - 1 });
        states.push(StateDescription {
            name: name.clone(),
            kind: StateKind::Keyed,
            type_text: type_text(&state.schema),
            len_bytes: state.runs.iter().map(|run| run.facts.bytes).sum(),
            key_groups: spans.reduce(union),
        });
    }
    for (kind, lists) in [(StateKind::List, &snapshot.lists), (StateKind::Union, &snapshot.unions)] {
        states.extend(lists.iter().map(|(name, entries)| StateDescription {
            name: name.clone(),
            kind,
            type_text: String::new(),
            len_bytes: entries.iter().map(|entry| entry.len() as u64).sum(),
            key_groups: None,
        }));
    }
    let key_groups = states.iter().filter_map(|state| state.key_groups).reduce(union);
    Described { states, key_groups }
}

/// The type of a state's values, where they are rows; what is no known schema is told when it is restored.
fn type_text(schema: &[u8]) -> String {
    let Ok(schema) = RowSchema::from_bytes(schema) else { return String::new() };
    let field = |field: &Field| format!("`{}` {}", field.name, field.data_type);
    let fields: Vec<String> = schema.rows().fields.iter().map(field).collect();
    format!("ROW<{}>", fields.join(", "))
}

/// Adds one subtask's states to those of the others.
pub(crate) fn merge_states(all: &mut Vec<StateDescription>, states: &[StateDescription]) {
    for state in states {
        match all.iter_mut().find(|other| other.name == state.name && other.kind == state.kind) {
            None => all.push(state.clone()),
            Some(other) => {
                other.len_bytes += state.len_bytes;
                other.key_groups = other.key_groups.into_iter().chain(state.key_groups).reduce(union);
            }
        }
    }
}

fn union(one: KeyGroupSpan, other: KeyGroupSpan) -> KeyGroupSpan {
    KeyGroupSpan { first: one.first.min(other.first), last: one.last.max(other.last) }
}
