"""A disk that is full in the middle of a file: code 1, the file named, no traceback, nothing by halves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FIVE_SITES = Path(__file__).resolve().parents[2] / "docs" / "five_sites"
SCENARIO = f"""title: Five sites, port shut
question: How long do cars go on?
network: {FIVE_SITES}
start: 2025-01-01
horizon: 6 months
interventions:
  - {{id: shut, kind: outage, sites: [port_separation], start: 2025-02-01, duration: 90 d}}
"""
FULL = """import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
from sim.cli import main
sys.argv = ["sim", *{words!r}]
main()
"""


def sim(here: Path, *words: str, limit: int | str = "resource.RLIM_INFINITY") -> tuple[int, str]:
    """Run a command with files of no more than `limit` bytes; return its code and what it says."""
    program = FULL.format(limit=limit, words=words)
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, text=True, timeout=300, check=False
    )
    return found.returncode, found.stdout + found.stderr


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scenario, its run, and compiled kernels at hand."""
    here = tmp_path_factory.mktemp("full")
    (here / "five.yaml").write_text(SCENARIO, encoding="utf-8")
    code, text = sim(here, "run", "five.yaml", "--out", "kept")
    assert code == 0, text
    return here


@pytest.mark.parametrize(
    ("limit", "words", "named"),
    [
        (8_000, ("run", "five.yaml", "--out", "new"), "new"),
        (8_000, ("export", "kept", "--out", "new"), "new/shipments.csv"),
        (3_000, ("sweep", "five.yaml", "--grid", "seed=1,2", "--out", "new"), "new/points/"),
        (8_000, ("stress", str(FIVE_SITES), "--durations", "30d", "--out", "new"), "new/stress.png"),
        (8_000, ("new", "network", "--sites", "60", "--out", "new"), "new"),
    ],
)
def test_what_a_full_disk_cuts_short_is_named_and_gone(
    made: Path, tmp_path: Path, limit: int, words: tuple[str, ...], named: str
) -> None:
    for name in ("five.yaml", "kept"):
        (tmp_path / name).symlink_to(made / name)
    code, text = sim(tmp_path, *words, limit=limit)
    assert code == 1, text
    assert "File too large" in text
    assert named in text
    assert "bug in sim" not in text
    assert "Traceback" not in text
    new = tmp_path / "new"
    whole = sim(tmp_path, *words[:-1], "again")
    assert whole[0] == 0, whole[1]
    for name in files(new) & files(tmp_path / "again"):
        if name.endswith(".csv"):
            assert (new / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert files(new) <= files(tmp_path / "again"), "a draft is left behind"
    if words[0] in ("run", "new"):
        assert not new.exists()
    assert {path.name for path in tmp_path.iterdir()} <= {"five.yaml", "kept", "new", "again"}
