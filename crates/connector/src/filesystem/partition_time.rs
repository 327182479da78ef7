//! The time that a partition's values stand for, as `partition.time-extractor.*` says.

use flott_record::TableSpec;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::partition::value_in_path;
use crate::contract::ConnectorError;
use crate::options::TableOptions;

/// Takes a time out of a partition's values.
#[derive(Clone, Debug)]
pub struct PartitionTime {
    /// `$key` stands for the value of a partition key.
    pattern: Option<String>,
    keys: Vec<String>,
    /// In which the time is meant.
    time_zone: TimeZone,
}

impl PartitionTime {
    /// Reads the options.
    ///
    /// # Errors
    /// What isn't supported, an unknown time zone, or a pattern that names no partition key.
    pub fn read(table: &TableSpec, options: &TableOptions<'_>) -> Result<Self, ConnectorError> {
        match options.text("partition.time-extractor.kind").unwrap_or("default") {
            "default" => {}
            other => {
                let message = format!("not supported: option 'partition.time-extractor.kind' = '{other}'");
                return Err(ConnectorError::new(message));
            }
        }
        for key in ["partition.time-extractor.class", "partition.time-extractor.timestamp-formatter"] {
            if let Some(value) = options.text(key) {
                return Err(ConnectorError::new(format!("not supported: option '{key}' = '{value}'")));
            }
        }
        let key = "sink.partition-commit.watermark-time-zone";
        let zone = options.text(key).unwrap_or("UTC");
        let time_zone = TimeZone::get(zone).map_err(|_| options.invalid(key, zone, "the name of a time zone"))?;
        let pattern = options.text("partition.time-extractor.timestamp-pattern").map(str::to_string);
        Ok(PartitionTime { pattern, keys: table.partition_keys.clone(), time_zone })
    }

    /// The time of a partition, in milliseconds since the epoch.
    ///
    /// # Errors
    /// If its values give no time.
    pub fn of(&self, partition: &str) -> Result<i64, ConnectorError> {
        let file = format!("{partition}/");
        let value = |key: &String| value_in_path(&file, key).unwrap_or_default();
        let text = match &self.pattern {
            Some(pattern) => {
                self.keys.iter().fold(pattern.clone(), |text, key| text.replace(&format!("${key}"), &value(key)))
            }
            None => self.keys.first().map(value).unwrap_or_default(),
        };
        let wrong = || {
            ConnectorError::new(format!(
                "partition {partition}: '{text}' is no time like '2024-01-31 12:00:00' or '2024-01-31' (options 'partition.time-extractor.*')"
            ))
        };
        let time = parse(&text).ok_or_else(wrong)?;
        let zoned = self.time_zone.to_zoned(time).map_err(|_| wrong())?;
        Ok(zoned.timestamp().as_millisecond())
    }
}

/// `y-M-d`, or `y-M-d H:m:s` with a fraction or without; numbers may have fewer digits than usual.
fn parse(text: &str) -> Option<DateTime> {
    let (date, time) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), "0:0:0"));
    let date: Vec<i16> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let time: Vec<i8> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let ([year, month, day], [hour, minute, second]) = (&date[..], &time[..]) else { return None };
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    let (month, day) = (i8::try_from(*month).ok()?, i8::try_from(*day).ok()?);
    DateTime::new(*year, month, day, *hour, *minute, *second, nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(pattern: Option<&str>, zone: &str, partition: &str) -> Result<i64, String> {
        let keys = vec!["dt".to_string(), "h".to_string()];
        let time_zone = TimeZone::get(zone).expect("known");
        let extractor = PartitionTime { pattern: pattern.map(str::to_string), keys, time_zone };
        extractor.of(partition).map_err(|error| error.message)
    }

    #[test]
    fn times_come_from_values() {
        assert_eq!(time(None, "UTC", "dt=2024-01-02/h=7"), Ok(1_704_153_600_000));
        assert_eq!(time(Some("$dt $h:00:00"), "UTC", "dt=2024-01-02/h=7"), Ok(1_704_178_800_000));
        assert_eq!(time(Some("$dt $h:00:00"), "Asia/Shanghai", "dt=2024-1-2/h=07"), Ok(1_704_150_000_000));
        assert_eq!(time(None, "UTC", "dt=2024-01-02 00%3A00%3A01.5/h=7"), Ok(1_704_153_601_500));
        assert!(time(None, "UTC", "dt=__DEFAULT_PARTITION__/h=7").expect_err("no time").contains("is no time like"));
        assert!(time(None, "UTC", "dt=2024-13-01/h=7").is_err());
    }
}
