"""Checks the job's result against the same computation by SQLite: check.py DATA OUT"""

import csv
import json
import pathlib
import sqlite3
import sys

QUERY = """
SELECT substr(time_hour, 1, 10), origin, name, COUNT(*), SUM(dep_time IS NULL), AVG(dep_delay), MAX(dep_delay)
FROM flights JOIN airlines USING (carrier)
GROUP BY substr(time_hour, 1, 10), origin, carrier
"""


def load(database: sqlite3.Connection, table: str, paths: list[pathlib.Path]) -> None:
    numbers = {"dep_time": int, "dep_delay": float}
    for number, path in enumerate(paths):
        with path.open() as file:
            reader = csv.reader(file)
            header = next(reader)
            if number == 0:
                database.execute(f"CREATE TABLE {table} ({', '.join(header)})")
            convert = [numbers.get(name, str) for name in header]
            rows = ([None if cell == "NA" else kind(cell) for kind, cell in zip(convert, row)] for row in reader)
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(header))})", rows)


def main(data: pathlib.Path, out: pathlib.Path) -> None:
    database = sqlite3.connect(":memory:")
    load(database, "flights", sorted((data / "flights").glob("*.csv")))
    load(database, "airlines", [data / "airlines.csv"])
    expected = {row[:3]: row[3:] for row in database.execute(QUERY)}
    actual: dict[tuple, tuple] = {}
    for path in sorted(out.iterdir()):
        assert not path.name.startswith("."), f"{path} was left behind"
        for line in path.read_text().splitlines():
            row = tuple(json.loads(line).values())
            assert row[:3] not in actual, f"{row[:3]} twice"
            actual[row[:3]] = row[3:]
    assert actual.keys() == expected.keys(), f"{len(actual)} rows, SQLite has {len(expected)}"
    for key, want in expected.items():
        have = actual[key]
        same = have[:2] == want[:2] and all(near(a, b) for a, b in zip(have[2:], want[2:]))
        assert same, f"{key}: flott {have}, SQLite {want}"
    print(f"{len(actual)} rows over {sum(row[0] for row in actual.values())} flights, equal to SQLite's")


def near(a: float | None, b: float | None) -> bool:
    return a == b or (a is not None and b is not None and abs(a - b) <= 1e-9 * max(abs(a), abs(b)))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
