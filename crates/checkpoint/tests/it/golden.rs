//! The format of metadata, held fast by a file of each version.

use std::collections::BTreeSet;

use flott_checkpoint::metadata::{
    InFlightMetadata, KeyGroupSpan, Metadata, ObjectHandle, OperatorMetadata, SinkMetadata, SnapshotKind,
    SourceMetadata, StateDescription, StateHandle, StateKind, StatePart,
};
use flott_checkpoint::{MetadataError, checksum};
use flott_environment::ObjectName;

const VERSION_1: &[u8] = include_bytes!("../fixtures/metadata-v1.bin");

fn object(name: &str, location: Option<u32>) -> StateHandle {
    let name = ObjectName::new(name).expect("a name");
    StateHandle::Object(ObjectHandle { location, name, len_bytes: 70_000, checksum: 0xdead_beef })
}

/// A value of every kind that metadata can hold.
pub fn sample() -> Metadata {
    let span = Some(KeyGroupSpan { first: 0, last: 63 });
    let inline = StatePart {
        role: String::new(),
        is_shared: false,
        key_groups: None,
        handle: StateHandle::Inline(vec![1, 2, 3]),
    };
    let file = StatePart {
        role: "000012.sst".to_string(),
        is_shared: true,
        key_groups: span,
        handle: object("job/shared/6-00000000000000ff-3", None),
    };
    Metadata {
        job_id: "00000000000000010000000000000002".to_string(),
        job_name: "insert-into_sums".to_string(),
        checkpoint_id: 300,
        kind: SnapshotKind::Checkpoint,
        epoch: 2,
        max_parallelism: 128,
        triggered_at_ms: 1_700_000_000_123,
        own_name: ObjectName::new("job/chk-300/_metadata").expect("a name"),
        locations: vec!["file:/elsewhere".to_string()],
        operators: vec![OperatorMetadata {
            uid: "5_group-aggregate".to_string(),
            name: "GroupAggregate[5]".to_string(),
            states: vec![StateDescription {
                name: "accumulators".to_string(),
                kind: StateKind::Keyed,
                type_text: "ROW<`sum` BIGINT>".to_string(),
                len_bytes: 70_003,
                key_groups: span,
            }],
            subtasks: vec![vec![inline, file], Vec::new()],
        }],
        sources: vec![SourceMetadata {
            uid: "1_source".to_string(),
            name: "orders[1]".to_string(),
            enumerator: object("job/chk-300/x", Some(0)),
            splits: vec![("a.json".to_string(), vec![9; 8])],
        }],
        sinks: vec![SinkMetadata { uid: "7_sink".to_string(), committables: vec![b"part-0".to_vec(), Vec::new()] }],
        in_flight: vec![InFlightMetadata {
            receiver_uid: "5_group-aggregate".to_string(),
            subtask: 1,
            input: 0,
            channel: 3,
            handle: StateHandle::Inline(vec![7]),
        }],
        finished: BTreeSet::from(["2_values".to_string()]),
    }
}

#[test]
fn version_1_is_what_it_was() {
    assert_eq!(Metadata::from_bytes(VERSION_1), Ok(sample()));
    assert_eq!(sample().to_bytes(), VERSION_1, "a change of the format needs a new version");
}

#[test]
fn another_version_is_refused_and_both_are_named() {
    let mut bytes = VERSION_1.to_vec();
    bytes[8] = 9;
    let header = checksum(&bytes[..16]);
    bytes[16..20].copy_from_slice(&header.to_le_bytes());
    let error = Metadata::from_bytes(&bytes).expect_err("version 9");
    assert_eq!(error, MetadataError::UnknownVersion { found: 9 });
    assert_eq!(error.to_string(), "it has format version 9, and this release reads version 1");
}

#[test]
fn no_change_of_a_byte_and_no_cut_goes_unnoticed() {
    for length in 0..VERSION_1.len() {
        assert!(Metadata::from_bytes(&VERSION_1[..length]).is_err(), "cut at {length}");
        for bit in [1, 0x80] {
            let mut bytes = VERSION_1.to_vec();
            bytes[length] ^= bit;
            assert!(Metadata::from_bytes(&bytes).is_err(), "bit {bit} of byte {length}");
        }
    }
    let mut longer = VERSION_1.to_vec();
    longer.push(0);
    assert!(Metadata::from_bytes(&longer).is_err());
    assert_eq!(Metadata::from_bytes(b"{\"json\": true, \"and\": \"long enough\"}"), Err(MetadataError::Foreign));
}

#[test]
fn sections_cannot_change_places() {
    let error = Metadata::from_bytes(&swapped()).expect_err("two sections are swapped");
    assert_eq!(error.to_string(), "it is damaged: section \"locations\": its checksum differs");
}

/// The sample with its second and third section exchanged.
fn swapped() -> Vec<u8> {
    let section_end = |from: usize| {
        let length = u64::from_le_bytes(VERSION_1[from + 4..from + 12].try_into().expect("8 bytes"));
        from + 16 + length as usize
    };
    let first_end = section_end(20);
    let second_end = section_end(first_end);
    let third_end = section_end(second_end);
    let parts = [
        &VERSION_1[..first_end],
        &VERSION_1[second_end..third_end],
        &VERSION_1[first_end..second_end],
        &VERSION_1[third_end..],
    ];
    parts.concat()
}
