-- Departure delays of 2013 from New York's airports, per day and airline, with the airlines' names.
-- Reads CSV files, computes event-time windows on all cores, joins, writes JSON files, ends.
CREATE TABLE flights (
  `year` INT, `month` INT, `day` INT, dep_time INT, sched_dep_time INT, dep_delay DOUBLE,
  arr_time INT, sched_arr_time INT, arr_delay DOUBLE, carrier STRING, flight INT, tailnum STRING,
  origin STRING, dest STRING, air_time DOUBLE, distance DOUBLE, `hour` INT, `minute` INT, time_hour STRING,
  departure AS TO_TIMESTAMP(time_hour, 'yyyy-MM-dd''T''HH:mm:ss''Z'''),
  WATERMARK FOR departure AS departure - INTERVAL '2' DAY
) WITH (
  'connector' = 'filesystem', 'path' = '${DATA}/flights',
  'format' = 'csv', 'csv.ignore-first-line' = 'true', 'csv.null-literal' = 'NA'
);

CREATE TABLE airlines (carrier STRING, name STRING) WITH (
  'connector' = 'filesystem', 'path' = '${DATA}/airlines.csv', 'format' = 'csv', 'csv.ignore-first-line' = 'true'
);

CREATE TABLE delays (
  `date` STRING, origin STRING, airline STRING, flights BIGINT, cancelled BIGINT, mean_delay DOUBLE, worst_delay DOUBLE
) WITH ('connector' = 'filesystem', 'path' = '${OUT}', 'format' = 'json');

INSERT INTO delays
SELECT DATE_FORMAT(d.window_start, 'yyyy-MM-dd'), d.origin, a.name, d.flights, d.cancelled, d.mean_delay, d.worst_delay
FROM (
  SELECT window_start, origin, carrier, COUNT(*) AS flights, COUNT(*) FILTER (WHERE dep_time IS NULL) AS cancelled,
         AVG(dep_delay) AS mean_delay, MAX(dep_delay) AS worst_delay
  FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(departure), INTERVAL '1' DAY))
  GROUP BY window_start, window_end, origin, carrier
) AS d
JOIN airlines AS a ON d.carrier = a.carrier;
