//! Flink's names of metrics.

macro_rules! names {
    ($($name:ident = $text:literal;)+) => { $(#[doc = concat!("`", $text, "`.")] pub const $name: &str = $text;)+ };
}

names! {
    NUM_RECORDS_IN = "numRecordsIn";
    NUM_RECORDS_OUT = "numRecordsOut";
    NUM_BYTES_IN = "numBytesIn";
    NUM_BYTES_OUT = "numBytesOut";
    NUM_RECORDS_IN_ERRORS = "numRecordsInErrors";
    NUM_RECORDS_OUT_ERRORS = "numRecordsOutErrors";
    NUM_RECORDS_SEND = "numRecordsSend";
    NUM_RECORDS_SEND_ERRORS = "numRecordsSendErrors";
    NUM_BYTES_SEND = "numBytesSend";
    NUM_BUFFERS_OUT = "numBuffersOut";
    NUM_LATE_RECORDS_DROPPED = "numLateRecordsDropped";
    LATE_RECORDS_DROPPED_RATE = "lateRecordsDroppedRate";
    NUM_FIRED_TIMERS = "numFiredTimers";
    CURRENT_INPUT_WATERMARK = "currentInputWatermark";
    CURRENT_OUTPUT_WATERMARK = "currentOutputWatermark";
    WATERMARK_LATENCY = "watermarkLatency";
    WATERMARK_LAG = "watermarkLag";
    PENDING_RECORDS = "pendingRecords";
    PENDING_BYTES = "pendingBytes";
    SOURCE_IDLE_TIME = "sourceIdleTime";
    CURRENT_FETCH_EVENT_TIME_LAG = "currentFetchEventTimeLag";
    CURRENT_EMIT_EVENT_TIME_LAG = "currentEmitEventTimeLag";
    CURRENT_SEND_TIME = "currentSendTime";
    BUSY_TIME = "busyTimeMsPerSecond";
    BACK_PRESSURED_TIME = "backPressuredTimeMsPerSecond";
    SOFT_BACK_PRESSURED_TIME = "softBackPressuredTimeMsPerSecond";
    HARD_BACK_PRESSURED_TIME = "hardBackPressuredTimeMsPerSecond";
    IDLE_TIME = "idleTimeMsPerSecond";
    ACCUMULATED_BUSY_TIME = "accumulateBusyTimeMs";
    ACCUMULATED_BACK_PRESSURED_TIME = "accumulateBackPressuredTimeMs";
    ACCUMULATED_IDLE_TIME = "accumulateIdleTimeMs";
    IS_BACK_PRESSURED = "isBackPressured";
    MAILBOX_QUEUE_SIZE = "mailboxQueueSize";
    MAILBOX_MAILS_PER_SECOND = "mailboxMailsPerSecond";
    MAILBOX_LATENCY_MS = "mailboxLatencyMs";
    RATE_SUFFIX = "PerSecond";
}
