//! What a checkpoint or savepoint consists of, as text.

use std::fmt::Write;

use flott_checkpoint::limits::METADATA_VERSION;
use flott_checkpoint::metadata::{
    KeyGroupSpan, Metadata, OperatorMetadata, SnapshotKind, StateDescription, StateHandle, StateKind,
};
use flott_checkpoint::store::Located;

/// The report, ending with a line break.
pub fn report(located: &Located) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, located);
    text
}

fn write(out: &mut String, located: &Located) -> std::fmt::Result {
    let metadata = &located.metadata;
    let kind = match metadata.kind {
        SnapshotKind::Checkpoint => "checkpoint",
        SnapshotKind::Savepoint => "savepoint",
    };
    writeln!(out, "{kind} {} of job {} ({})", metadata.checkpoint_id, metadata.job_id, metadata.job_name)?;
    writeln!(out, "  metadata         {} in {}", metadata.own_name, located.store.location())?;
    writeln!(out, "  format version   {METADATA_VERSION}")?;
    writeln!(out, "  triggered at     {} ms since the epoch", metadata.triggered_at_ms)?;
    writeln!(out, "  max parallelism  {}", metadata.max_parallelism)?;
    let objects = metadata.objects().count();
    writeln!(out, "  state            {} bytes, {objects} objects", metadata.state_bytes())?;
    for operator in &metadata.operators {
        write_operator(out, operator)?;
    }
    write_sources(out, metadata)?;
    for sink in &metadata.sinks {
        writeln!(out, "sink {}: {} to be committed", sink.uid, sink.committables.len())?;
    }
    if !metadata.finished.is_empty() {
        let finished: Vec<&str> = metadata.finished.iter().map(String::as_str).collect();
        writeln!(out, "finished: {}", finished.join(", "))?;
    }
    Ok(())
}

fn write_operator(out: &mut String, operator: &OperatorMetadata) -> std::fmt::Result {
    let bytes: u64 = operator.subtasks.iter().flatten().map(|part| part.handle.len_bytes()).sum();
    let OperatorMetadata { uid, name, subtasks, .. } = operator;
    writeln!(out, "operator {uid} ({name}): {} subtasks, {bytes} bytes", subtasks.len())?;
    for StateDescription { name, kind, type_text, len_bytes, key_groups } in &operator.states {
        let kind = match kind {
            StateKind::Keyed => "keyed",
            StateKind::List => "list",
            StateKind::Union => "union",
        };
        let type_text = if type_text.is_empty() { "own encoding" } else { type_text };
        writeln!(out, "  state {name}: {kind}, {type_text}, {len_bytes} bytes{}", groups(*key_groups))?;
    }
    for (subtask, parts) in subtasks.iter().enumerate() {
        for part in parts {
            let place = match &part.handle {
                StateHandle::Inline(_) => "in the metadata".to_string(),
                StateHandle::Object(object) => object.name.to_string(),
            };
            let bytes = part.handle.len_bytes();
            writeln!(out, "  subtask {subtask}: {bytes} bytes {place}{}", groups(part.key_groups))?;
        }
    }
    Ok(())
}

fn groups(span: Option<KeyGroupSpan>) -> String {
    span.map_or_else(String::new, |span| format!(", key groups {} to {}", span.first, span.last))
}

fn write_sources(out: &mut String, metadata: &Metadata) -> std::fmt::Result {
    for source in &metadata.sources {
        writeln!(out, "source {} ({}): {} splits to be read", source.uid, source.name, source.splits.len())?;
        for (id, position) in &source.splits {
            writeln!(out, "  split {id}: position of {} bytes", position.len())?;
        }
    }
    Ok(())
}
