"""The command line at a real terminal and in a real pipe: nothing that matters is cut, no false alarm."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import sim

PRINT = (
    "import sys; from sim.results.store import load_run; from sim.cli.report import print_run\n"
    "print_run(load_run(sys.argv[1]), verbose=False)"
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved run with long names, line stops and recoveries."""
    target = tmp_path_factory.mktemp("runs") / "kept"
    sim.run("japan_import_cut").save(target, picture=False)
    return target


def at_a_terminal(width: int, *words: str) -> str:
    """Return what a program prints at a terminal of some columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    hidden = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    env = {key: value for key, value in os.environ.items() if key not in hidden} | {"TERM": "xterm"}
    command = [sys.executable, *words]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=subprocess.PIPE, env=env) as child:
        os.close(follower)
        text = b""
        while part := _read(leader):
            text += part
        os.close(leader)
    assert child.returncode == 0
    return ANSI.sub("", text.decode()).replace("\r", "")


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # how Linux says that the other side has closed
        return b""


@pytest.mark.parametrize(
    ("width", "shown"),
    [(80, ["units lost"]), (100, ["units lost"]), (120, ["limiting component", "units lost"]),
     (240, ["limiting component", "units lost", "fill rate", "recovery", "touched by CN"])],
)  # fmt: skip
def test_runways_and_dates_are_whole_at_every_width(folder: Path, width: int, shown: list[str]) -> None:
    lines = at_a_terminal(width, "-c", PRINT, str(folder)).splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("runways from"))
    table = [line for line in lines[begin : begin + 40] if " d " in line and not line.startswith("must hold")]
    assert max(len(line) for line in lines[begin : begin + 40]) <= width
    metrics = sim.load_run(folder).metrics
    assert len(table) == len(metrics)
    for row in metrics.to_dict("records"):
        days, stop = row["realised_runway_days"], row["line_stop_date"]
        wanted = [
            f"{row['static_runway_days']:.0f} d",
            f"{row['pipeline_runway_days']:.0f} d",
            "> 640 d" if days != days else f"{days:.0f} d",
            "-" if stop is None else stop.isoformat(),
        ]
        figures = r"\s+".join(map(re.escape, wanted))
        place = re.compile(rf"{re.escape(row['name'][:15])}.*{figures}(\s|$)")
        assert any(place.search(line) for line in table), (row["name"], wanted)
    head = " ".join(lines[begin : begin + 6])
    for heading in ("static", "pipeline", "realised", "line stop", *shown):
        assert heading in head


def test_what_a_narrow_table_leaves_out_is_named(folder: Path) -> None:
    text = " ".join(at_a_terminal(80, "-c", PRINT, str(folder)).split())
    assert (
        "not shown, for want of width: touched by CN, recovery, fill rate, limiting component on first short "
        "day; all is in metrics.csv" in text
    )
    assert "not shown" not in at_a_terminal(240, "-c", PRINT, str(folder))


def test_a_reader_who_leaves_is_no_error(tmp_path: Path) -> None:
    target = tmp_path / "kept"
    command = [sys.executable, "-m", "sim", "run", "india_halt", "--no-plot", "--out", str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith("no material effect")
        child.stdout.close()
        complaint = child.stderr.read()
    assert child.returncode == 0
    assert [line for line in complaint.splitlines() if not line.startswith("compiling")] == []
    assert sim.load_run(target).name == "india_halt"


def test_a_reader_who_was_never_there_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "sim", "list", "scenarios"]
    found = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (found.returncode, found.stderr) == (0, "")
