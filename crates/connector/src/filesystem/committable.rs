//! What a writer gives to be committed: finished part files, and how far it has come.

use std::path::PathBuf;

use flott_environment::ObjectName;

use super::path::path_text;
use super::target::object_name;
use crate::contract::ConnectorError;
use crate::encoding::{Decoder, Encoder};
use crate::sink::Committable;

const VERSION: u8 = 2;

/// A part file that is whole and durable, and not visible yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishedPart {
    /// On the disk, by its two names.
    File {
        /// The name under which it was written.
        hidden: PathBuf,
        /// The name under which it will be seen.
        visible: PathBuf,
    },
    /// An upload in parts.
    Upload {
        /// The object.
        name: ObjectName,
        /// The upload.
        id: String,
        /// Its parts, in order.
        parts: Vec<String>,
    },
}

/// One thing to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A part file in the folder of a partition (`""` without partitions), begun at a time.
    Part {
        /// The file.
        part: FinishedPart,
        /// The partition's folder.
        partition: String,
        /// When the file was begun, in milliseconds since the epoch.
        begun_ms: i64,
    },
    /// How far a subtask has come; only where partitions are committed.
    Progress {
        /// The subtask.
        subtask: u32,
        /// Its watermark; `i64::MAX` where its input has ended.
        watermark_ms: i64,
        /// Whether its input has ended.
        is_ended: bool,
    },
}

impl Item {
    /// Its form in a checkpoint.
    ///
    /// # Errors
    /// If a path isn't UTF-8.
    pub fn to_committable(&self) -> Result<Committable, ConnectorError> {
        let encoder = Encoder::new(VERSION);
        let encoder = match self {
            Item::Part { part, partition, begun_ms } => {
                let head = |kind| encoder.number(kind).text(partition).number(*begun_ms as u64);
                match part {
                    FinishedPart::File { hidden, visible } => {
                        head(0).text(&path_text(hidden)?).text(&path_text(visible)?)
                    }
                    FinishedPart::Upload { name, id, parts } => {
                        let head = head(1).text(name.as_str()).text(id).number(parts.len() as u64);
                        parts.iter().fold(head, |encoder, part| encoder.text(part))
                    }
                }
            }
            Item::Progress { subtask, watermark_ms, is_ended } => {
                encoder.number(2).number(u64::from(*subtask)).number(*watermark_ms as u64).number(u64::from(*is_ended))
            }
        };
        Ok(Committable { state: encoder.finish() })
    }

    /// Reads it back.
    ///
    /// # Errors
    /// If it is of another version, or damaged.
    pub fn from_committable(committable: &Committable) -> Result<Self, ConnectorError> {
        let what = "a part file to be committed";
        let mut decoder = Decoder::new(what, VERSION, &committable.state)?;
        let kind = decoder.number()?;
        if kind == 2 {
            let subtask = decoder.number()? as u32;
            let (watermark_ms, is_ended) = (decoder.number()? as i64, decoder.number()? == 1);
            return Ok(Item::Progress { subtask, watermark_ms, is_ended });
        }
        let (partition, begun_ms) = (decoder.text()?, decoder.number()? as i64);
        let part = match kind {
            0 => FinishedPart::File { hidden: decoder.text()?.into(), visible: decoder.text()?.into() },
            1 => {
                let (name, id, count) = (object_name(&decoder.text()?)?, decoder.text()?, decoder.number()?);
                let parts: Result<Vec<_>, _> = (0..count).map(|_| decoder.text()).collect();
                FinishedPart::Upload { name, id, parts: parts? }
            }
            other => return Err(ConnectorError::new(format!("{what} is of the unknown kind {other}"))),
        };
        Ok(Item::Part { part, partition, begun_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back() {
        let part = |part| Item::Part { part, partition: "k=1".into(), begun_ms: -5 };
        let name = object_name("k=1/part-0").expect("valid");
        let items = [
            part(FinishedPart::File { hidden: "/t/.p".into(), visible: "/t/p".into() }),
            part(FinishedPart::Upload { name, id: "u".into(), parts: vec!["a".into(), "b".into()] }),
            Item::Progress { subtask: 3, watermark_ms: i64::MIN, is_ended: false },
        ];
        for item in items {
            let committable = item.to_committable().expect("UTF-8");
            assert_eq!(Item::from_committable(&committable).expect("its own"), item);
            let cut = Committable { state: committable.state[..committable.state.len() - 1].to_vec() };
            assert!(Item::from_committable(&cut).is_err());
        }
    }
}
