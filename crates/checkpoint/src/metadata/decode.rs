//! Bytes to metadata, believing nothing.

use flott_environment::ObjectName;

use crate::bytes::{Malformed, read_array, read_bytes, read_list, read_number, read_small, read_text, read_u32, take};
use crate::limits::METADATA_VERSION;
use crate::metadata::{
    InFlightMetadata, KeyGroupSpan, MAGIC, Metadata, MetadataError, ObjectHandle, OperatorMetadata, SinkMetadata,
    SnapshotKind, SourceMetadata, StateDescription, StateHandle, StateKind, StatePart, header_checksum,
    section_checksum, tag,
};

/// Bytes before the first section.
const HEADER_BYTES: usize = 20;

pub(super) fn decode(bytes: &[u8]) -> Result<Metadata, MetadataError> {
    let (header, mut rest) = bytes.split_at_checked(HEADER_BYTES).ok_or(MetadataError::Foreign)?;
    let mut fields = header.strip_prefix(&MAGIC).ok_or(MetadataError::Foreign)?;
    let in_header = |reason: Malformed| MetadataError::Damaged(format!("header: {}", reason.0));
    let version = read_u32(&mut fields).map_err(in_header)?;
    let sections = read_u32(&mut fields).map_err(in_header)?;
    let expected = read_u32(&mut fields).map_err(in_header)?;
    if header_checksum(&header[..HEADER_BYTES - 4]) != expected {
        return Err(MetadataError::Damaged("header: its checksum differs".to_string()));
    }
    if version != METADATA_VERSION {
        return Err(MetadataError::UnknownVersion { found: version });
    }
    if sections as usize != tag::ALL.len() {
        return Err(MetadataError::Damaged(format!("header: {sections} sections")));
    }
    let mut contents = [&[] as &[u8]; tag::ALL.len()];
    for (content, section) in contents.iter_mut().zip(tag::ALL) {
        *content = read_section(&mut rest, section).map_err(|reason| damaged(section, &reason))?;
    }
    if !rest.is_empty() {
        return Err(MetadataError::Damaged(format!("{} bytes follow the last section", rest.len())));
    }
    assemble(contents)
}

fn damaged(section: u32, reason: &Malformed) -> MetadataError {
    MetadataError::Damaged(format!("section \"{}\": {}", tag::name(section), reason.0))
}

fn read_section<'a>(rest: &mut &'a [u8], section: u32) -> Result<&'a [u8], Malformed> {
    let found = read_u32(rest)?;
    let length = u64::from_le_bytes(read_array(rest)?);
    let expected = read_u32(rest)?;
    let content = take(rest, length)?;
    if found != section || section_checksum(found, content) != expected {
        return Err(Malformed("its checksum differs".to_string()));
    }
    Ok(content)
}

/// Reads a section's content to its end.
fn whole<T>(
    section: u32,
    mut content: &[u8],
    read: impl FnOnce(&mut &[u8]) -> Result<T, Malformed>,
) -> Result<T, MetadataError> {
    let value = read(&mut content).map_err(|reason| damaged(section, &reason))?;
    if content.is_empty() {
        Ok(value)
    } else {
        Err(damaged(section, &Malformed(format!("{} bytes too many", content.len()))))
    }
}

fn assemble(contents: [&[u8]; 7]) -> Result<Metadata, MetadataError> {
    let [job, locations, operators, sources, sinks, in_flight, finished] = contents;
    let mut metadata = whole(tag::JOB, job, read_job)?;
    metadata.locations = whole(tag::LOCATIONS, locations, |input| read_list(input, read_text))?;
    let count = metadata.locations.len();
    metadata.operators =
        whole(tag::OPERATORS, operators, |input| read_list(input, |input| read_operator(input, count)))?;
    metadata.sources = whole(tag::SOURCES, sources, |input| read_list(input, |input| read_source(input, count)))?;
    metadata.sinks = whole(tag::SINKS, sinks, |input| read_list(input, read_sink))?;
    metadata.in_flight =
        whole(tag::IN_FLIGHT, in_flight, |input| read_list(input, |input| read_in_flight(input, count)))?;
    metadata.finished = whole(tag::FINISHED, finished, |input| read_list(input, read_text))?.into_iter().collect();
    Ok(metadata)
}

fn read_name(input: &mut &[u8]) -> Result<ObjectName, Malformed> {
    ObjectName::new(read_text(input)?).map_err(|error| Malformed(error.to_string()))
}

fn read_flag(input: &mut &[u8]) -> Result<bool, Malformed> {
    match read_array(input)? {
        [0] => Ok(false),
        [1] => Ok(true),
        [other] => Err(Malformed(format!("{other} is neither 0 nor 1"))),
    }
}

fn read_job(input: &mut &[u8]) -> Result<Metadata, Malformed> {
    Ok(Metadata {
        job_id: read_text(input)?,
        job_name: read_text(input)?,
        checkpoint_id: read_number(input)?,
        kind: match read_flag(input)? {
            false => SnapshotKind::Checkpoint,
            true => SnapshotKind::Savepoint,
        },
        epoch: read_number(input)?,
        max_parallelism: read_small(input)?,
        triggered_at_ms: i64::from_le_bytes(read_array(input)?),
        own_name: read_name(input)?,
        locations: Vec::new(),
        operators: Vec::new(),
        sources: Vec::new(),
        sinks: Vec::new(),
        in_flight: Vec::new(),
        finished: std::collections::BTreeSet::new(),
    })
}

fn read_operator(input: &mut &[u8], locations: usize) -> Result<OperatorMetadata, Malformed> {
    Ok(OperatorMetadata {
        uid: read_text(input)?,
        name: read_text(input)?,
        states: read_list(input, read_description)?,
        subtasks: read_list(input, |input| read_list(input, |input| read_part(input, locations)))?,
    })
}

fn read_description(input: &mut &[u8]) -> Result<StateDescription, Malformed> {
    Ok(StateDescription {
        name: read_text(input)?,
        kind: match read_array(input)? {
            [0] => StateKind::Keyed,
            [1] => StateKind::List,
            [2] => StateKind::Union,
            [other] => return Err(Malformed(format!("state kind {other}"))),
        },
        type_text: read_text(input)?,
        len_bytes: read_number(input)?,
        key_groups: read_span(input)?,
    })
}

fn read_span(input: &mut &[u8]) -> Result<Option<KeyGroupSpan>, Malformed> {
    match read_flag(input)? {
        false => Ok(None),
        true => Ok(Some(KeyGroupSpan { first: read_small(input)?, last: read_small(input)? })),
    }
}

fn read_part(input: &mut &[u8], locations: usize) -> Result<StatePart, Malformed> {
    Ok(StatePart {
        role: read_text(input)?,
        is_shared: read_flag(input)?,
        key_groups: read_span(input)?,
        handle: read_handle(input, locations)?,
    })
}

fn read_handle(input: &mut &[u8], locations: usize) -> Result<StateHandle, Malformed> {
    match read_flag(input)? {
        false => Ok(StateHandle::Inline(read_bytes(input)?)),
        true => Ok(StateHandle::Object(read_object(input, locations)?)),
    }
}

fn read_object(input: &mut &[u8], locations: usize) -> Result<ObjectHandle, Malformed> {
    let location = read_small(input)?;
    if location as usize > locations {
        return Err(Malformed(format!("location {location} of {locations}")));
    }
    Ok(ObjectHandle {
        location: location.checked_sub(1),
        name: read_name(input)?,
        len_bytes: read_number(input)?,
        checksum: read_u32(input)?,
    })
}

fn read_source(input: &mut &[u8], locations: usize) -> Result<SourceMetadata, Malformed> {
    Ok(SourceMetadata {
        uid: read_text(input)?,
        name: read_text(input)?,
        enumerator: read_handle(input, locations)?,
        splits: read_list(input, |input| Ok((read_text(input)?, read_bytes(input)?)))?,
    })
}

fn read_sink(input: &mut &[u8]) -> Result<SinkMetadata, Malformed> {
    Ok(SinkMetadata { uid: read_text(input)?, committables: read_list(input, read_bytes)? })
}

fn read_in_flight(input: &mut &[u8], locations: usize) -> Result<InFlightMetadata, Malformed> {
    Ok(InFlightMetadata {
        receiver_uid: read_text(input)?,
        subtask: read_small(input)?,
        input: read_small(input)?,
        channel: read_small(input)?,
        handle: read_handle(input, locations)?,
    })
}
