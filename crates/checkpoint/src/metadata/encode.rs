//! Metadata to bytes.

use crate::bytes::{write_bytes, write_list, write_number};
use crate::limits::METADATA_VERSION;
use crate::metadata::{
    InFlightMetadata, KeyGroupSpan, MAGIC, Metadata, ObjectHandle, OperatorMetadata, SinkMetadata, SnapshotKind,
    SourceMetadata, StateDescription, StateHandle, StateKind, StatePart, header_checksum, section_checksum, tag,
};

pub(super) fn encode(metadata: &Metadata) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&METADATA_VERSION.to_le_bytes());
    out.extend_from_slice(&(tag::ALL.len() as u32).to_le_bytes());
    out.extend_from_slice(&header_checksum(&out).to_le_bytes());
    for section in tag::ALL {
        let content = content(metadata, section);
        out.extend_from_slice(&section.to_le_bytes());
        out.extend_from_slice(&(content.len() as u64).to_le_bytes());
        out.extend_from_slice(&section_checksum(section, &content).to_le_bytes());
        out.extend_from_slice(&content);
    }
    out
}

fn content(metadata: &Metadata, section: u32) -> Vec<u8> {
    let mut out = Vec::new();
    match section {
        tag::JOB => write_job(&mut out, metadata),
        tag::LOCATIONS => write_list(&mut out, &metadata.locations, |out, location| write_text(out, location)),
        tag::OPERATORS => write_list(&mut out, &metadata.operators, write_operator),
        tag::SOURCES => write_list(&mut out, &metadata.sources, write_source),
        tag::SINKS => write_list(&mut out, &metadata.sinks, write_sink),
        tag::IN_FLIGHT => write_list(&mut out, &metadata.in_flight, write_in_flight),
        _ => {
            write_number(&mut out, metadata.finished.len() as u64);
            metadata.finished.iter().for_each(|uid| write_text(&mut out, uid));
        }
    }
    out
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_bytes(out, text.as_bytes());
}

fn write_job(out: &mut Vec<u8>, metadata: &Metadata) {
    write_text(out, &metadata.job_id);
    write_text(out, &metadata.job_name);
    write_number(out, metadata.checkpoint_id);
    out.push(match metadata.kind {
        SnapshotKind::Checkpoint => 0,
        SnapshotKind::Savepoint => 1,
    });
    write_number(out, metadata.epoch);
    write_number(out, u64::from(metadata.max_parallelism));
    out.extend_from_slice(&metadata.triggered_at_ms.to_le_bytes());
    write_text(out, metadata.own_name.as_str());
}

fn write_operator(out: &mut Vec<u8>, operator: &OperatorMetadata) {
    write_text(out, &operator.uid);
    write_text(out, &operator.name);
    write_list(out, &operator.states, write_description);
    write_list(out, &operator.subtasks, |out, parts| write_list(out, parts, write_part));
}

fn write_description(out: &mut Vec<u8>, state: &StateDescription) {
    write_text(out, &state.name);
    out.push(match state.kind {
        StateKind::Keyed => 0,
        StateKind::List => 1,
        StateKind::Union => 2,
    });
    write_text(out, &state.type_text);
    write_number(out, state.len_bytes);
    write_span(out, state.key_groups);
}

fn write_span(out: &mut Vec<u8>, span: Option<KeyGroupSpan>) {
    out.push(u8::from(span.is_some()));
    if let Some(span) = span {
        write_number(out, u64::from(span.first));
        write_number(out, u64::from(span.last));
    }
}

fn write_part(out: &mut Vec<u8>, part: &StatePart) {
    write_text(out, &part.role);
    out.push(u8::from(part.is_shared));
    write_span(out, part.key_groups);
    write_handle(out, &part.handle);
}

fn write_handle(out: &mut Vec<u8>, handle: &StateHandle) {
    match handle {
        StateHandle::Inline(bytes) => {
            out.push(0);
            write_bytes(out, bytes);
        }
        StateHandle::Object(object) => {
            out.push(1);
            write_object(out, object);
        }
    }
}

fn write_object(out: &mut Vec<u8>, object: &ObjectHandle) {
    write_number(out, object.location.map_or(0, |location| u64::from(location) + 1));
    write_text(out, object.name.as_str());
    write_number(out, object.len_bytes);
    out.extend_from_slice(&object.checksum.to_le_bytes());
}

fn write_source(out: &mut Vec<u8>, source: &SourceMetadata) {
    write_text(out, &source.uid);
    write_text(out, &source.name);
    write_handle(out, &source.enumerator);
    write_list(out, &source.splits, |out, (id, state)| {
        write_text(out, id);
        write_bytes(out, state);
    });
}

fn write_sink(out: &mut Vec<u8>, sink: &SinkMetadata) {
    write_text(out, &sink.uid);
    write_list(out, &sink.committables, |out, committable| write_bytes(out, committable));
}

fn write_in_flight(out: &mut Vec<u8>, rows: &InFlightMetadata) {
    write_text(out, &rows.receiver_uid);
    [rows.subtask, rows.input, rows.channel].iter().for_each(|number| write_number(out, u64::from(*number)));
    write_handle(out, &rows.handle);
}
