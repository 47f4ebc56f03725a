"""Ensembles: a replication is its number's alone, and no death of a process loses or changes one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.case import Case
from sim.cli import main
from sim.errors import RunFailed, StoreError
from sim.results.branches import futures
from sim.results.chunks import SIZE, Damaged, chunk_paths, read_chunk, sound_chunks
from sim.results.execute import execute
from sim.results.plan import Source, with_ranges
from sim.results.replicate import Task, chunk_of
from sim.results.run import Run
from sim.results.unfinished import record_of
from tests.support.poison import chancy_case

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("metrics.csv", "baseline_metrics.csv", "*.parquet")


def tables_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every table of a run folder."""
    paths = [path for pattern in TABLES for path in folder.glob(pattern)]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def run_to(folder: Path, case: Case, **options: object) -> Run:
    result = execute(Source(case), folder=folder, **options)  # type: ignore[arg-type]
    result.save(folder, picture=False)
    return result


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of 25 replications made in one process, never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_to(folder, chancy_case(25))
    assert len(tables_of(folder)) == 15
    return folder


def test_a_replication_alone_is_that_replication_of_many(whole: Path) -> None:
    case = with_ranges(chancy_case(25))
    task = Task(tuple(futures(case)), 20)
    many, _, _ = chunk_of(task, range(25), lambda number: True)
    alone, _, _ = chunk_of(task, [17], lambda number: True)
    assert many is not None
    assert alone is not None
    assert alone.values.tobytes() == many.values[17:18].tobytes()
    assert alone.numbers.tobytes() == many.numbers[17:18].tobytes()
    assert all(alone.series[name].tobytes() == many.series[name][17:18].tobytes() for name in many.series)
    assert many.values[17].tobytes() != many.values[16].tobytes()


@pytest.mark.parametrize("start_method", [None, "spawn"])
def test_two_jobs_write_the_bytes_of_one(whole: Path, tmp_path: Path, start_method: str | None) -> None:
    run_to(tmp_path / "two", chancy_case(25), jobs=2, start_method=start_method)
    assert tables_of(tmp_path / "two") == tables_of(whole)


def test_the_first_ten_of_many_are_a_run_of_ten(whole: Path) -> None:
    ten = sim.run(chancy_case(10))
    many = sim.load_run(whole).replications
    first = many[many.index.get_level_values("replication") < 10]
    pd.testing.assert_frame_equal(first, ten.replications, check_exact=True)


def test_a_killed_worker_changes_nothing(whole: Path, tmp_path: Path) -> None:
    case = chancy_case(25, replication=13, way="kill", marker=str(tmp_path / "killed"))
    result = run_to(tmp_path / "run", case, jobs=2)
    assert (tmp_path / "killed").exists()
    assert result.manifest["worker_deaths"] == 1
    assert result.is_complete
    assert tables_of(tmp_path / "run") == tables_of(whole)


def test_a_replication_that_kills_every_worker_is_left_out(whole: Path) -> None:
    result = sim.run(chancy_case(25, replication=13, way="kill"), jobs=2)
    (failure,) = result.manifest["failures"]
    assert (failure["replication"], failure["seed"], failure["type"]) == (13, 7, "WorkerDied")
    assert failure["message"] == "its worker process is killed by SIGKILL, 3 times"
    assert result.manifest["finished_replications"] == 24
    rest = sim.load_run(whole).replications.drop(index=13, level="replication")
    pd.testing.assert_frame_equal(result.replications, rest, check_exact=True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_replication_that_raises_is_recorded_with_seed_and_traceback(jobs: int) -> None:
    result = sim.run(chancy_case(4, replication=2), jobs=jobs)
    (failure,) = result.manifest["failures"]
    assert (failure["replication"], failure["seed"], failure["message"]) == (2, 7, "poison")
    assert "in _harm\n" in failure["traceback"]
    assert set(result.replications.index.get_level_values("replication")) == {0, 1, 3}


def start_and_wait(code: str, folder: Path, marker: Path) -> subprocess.Popen[bytes]:
    """Start Python code in a process of its own, and wait until it has come to the marked replication."""
    words = [sys.executable, "-c", code, str(folder), str(marker)]
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
                               start_new_session=True, stderr=subprocess.DEVNULL)  # fmt: skip
    deadline = time.monotonic() + 120
    while not marker.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    return process


STOPPED_AT_22 = """
import sys
from pathlib import Path
from tests.results.test_ensembles import run_to
from tests.support.poison import chancy_case
if __name__ == "__main__":
    case = chancy_case(25, replication=22, way="wait", marker=sys.argv[2])
    run_to(Path(sys.argv[1]), case, jobs={jobs})
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_goes_on_where_it_was(whole: Path, tmp_path: Path, jobs: int) -> None:
    folder, marker = tmp_path / "run", tmp_path / "marker"
    process = start_and_wait(STOPPED_AT_22.format(jobs=jobs), folder, marker)
    deadline = time.monotonic() + 60
    while len(chunk_paths(folder / "chunks")) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    with pytest.raises(StoreError, match="is not finished; sim run SCENARIO --resume"):
        sim.load_run(folder)
    case = chancy_case(25, replication=22, way="wait", marker=str(marker))
    told: list[int] = []
    result = sim.run(case, resume=folder, progress=lambda done, total: told.append(done))
    assert told[2] == 2 + 2 * 20, "twenty replications are not done again"
    assert result.is_complete
    assert not (folder / "chunks").exists()
    assert tables_of(folder) == tables_of(whole)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_disk_that_fills_up_loses_no_finished_chunk(whole: Path, tmp_path: Path, jobs: int) -> None:
    """A limit on the size of files lets the first chunk through and cuts the next one off."""
    run_to(tmp_path / "first", chancy_case(SIZE, replication=3), jobs=1)  # kept: one replication failed
    (path,) = chunk_paths(tmp_path / "first" / "chunks")
    code = f"""
import resource, signal, sys
from pathlib import Path
from tests.results.test_ensembles import run_to
from tests.support.poison import chancy_case
if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    run = Path(sys.argv[1])
    case = chancy_case(25)
    from sim.results.chunks import write_chunk
    import sim.results.pool as pool, sim.results.execute as execute
    def limited(chunk, folder):
        if chunk.replications[0] >= 10:
            resource.setrlimit(resource.RLIMIT_FSIZE, ({path.stat().st_size // 2}, resource.RLIM_INFINITY))
        return write_chunk(chunk, folder)
    pool.write_chunk = execute.write_chunk = limited
    run_to(run, case, jobs={jobs})
"""
    folder = tmp_path / "run"
    words = [sys.executable, "-c", code, str(folder)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    failed = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert "StoreError: a chunk of" in failed.stderr, failed.stderr
    assert "File too large; those written are kept" in failed.stderr
    if jobs == 2 and not folder.exists():  # the second failed before the first was done: nothing to keep
        return
    kept = [read_chunk(item).replications for item in sound_chunks(folder / "chunks")]
    assert kept == [tuple(range(10))]
    assert not list((folder / "chunks").glob(".*"))
    sim.run(chancy_case(25), resume=folder).save(folder, picture=False)
    assert tables_of(folder) == tables_of(whole)


def test_a_damaged_chunk_is_found_and_made_anew(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run_to(folder, chancy_case(25, replication=3, way="raise", marker=str(tmp_path / "raised")))
    (first, *_) = chunk_paths(folder / "chunks")
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 0xFF
    first.write_bytes(bytes(content))
    with pytest.raises(Damaged, match="delete it and run the same command again"):
        read_chunk_and_series(first)
    case = chancy_case(25, replication=3, way="raise", marker=str(tmp_path / "raised"))
    assert sim.run(case, resume=folder).is_complete
    assert tables_of(folder) == tables_of(whole)


def read_chunk_and_series(path: Path) -> None:
    from sim.results.chunks import read_series

    chunk = read_chunk(path)
    for site in range(chunk.values.shape[2]):
        for name in ("built", "days_of_cover"):
            read_series([path], [(name, site)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 8}, "seed: 7 there, 8 now"),
        ({"horizon_days": 160}, "horizon_days: 150 there, 160 now"),
        ({"interventions": ()}, "interventions.ban: only there"),
        ({"uncertain": ()}, "uncertain.sites.works.cover: only there"),
    ],
)
def test_resume_refuses_another_case_and_says_what_differs(
    unfinished: Path, change: dict[str, object], words: str
) -> None:
    with pytest.raises(StoreError, match="holds the unfinished replications of another run") as caught:
        sim.run(replace(chancy_case(12, replication=3), **change), resume=unfinished)  # type: ignore[arg-type]
    assert words in str(caught.value)


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    run_to(tmp_path / "run", chancy_case(12, replication=3))
    return tmp_path / "run"


def test_resume_refuses_another_network_and_another_version(unfinished: Path) -> None:
    case = chancy_case(12, replication=3)
    sites = {**case.network.sites}
    sites["store"] = replace(sites["store"], cover={"part": 16.0})
    with pytest.raises(StoreError, match=r"network\.sites\.store: differs"):
        sim.run(replace(case, network=replace(case.network, sites=sites)), resume=unfinished)
    plan = unfinished / "chunks" / "plan.json"
    stated = json.loads(plan.read_text())
    stated["record"]["version of sim"] = "0.0.1"
    plan.write_text(json.dumps(stated))
    with pytest.raises(StoreError, match=r"version of sim: 0\.0\.1 there, .* now"):
        sim.run(case, resume=unfinished)


def test_resume_refuses_a_finished_run_and_a_folder_without_one(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is finished: there is nothing to resume"):
        sim.run(chancy_case(25), resume=whole)
    with pytest.raises(StoreError, match="does not exist; --resume takes the folder"):
        sim.run(chancy_case(25), resume=tmp_path / "none")


def test_more_replications_go_on_from_fewer(whole: Path, tmp_path: Path) -> None:
    folder, marker = tmp_path / "run", tmp_path / "raised"
    case = chancy_case(12, replication=3, marker=str(marker))
    run_to(folder, case)
    more = sim.run(case, replications=25, resume=folder)
    assert [item["replication"] for item in more.manifest["failures"]] == [3], "what failed stays recorded"
    assert more.manifest["finished_replications"] == 24


def test_fewer_replications_leave_the_finished_ones_of_more(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, marker = tmp_path / "run", tmp_path / "raised"
    run_to(folder, chancy_case(25, replication=3, marker=str(marker)))  # one failed: its chunks are there
    case = chancy_case(25)
    plan = folder / "chunks" / "plan.json"
    record = record_of(with_ranges(case))
    plan.write_text(json.dumps({"replications": 25, "record": record}))  # as if of the same case
    (folder / "chunks" / "0000000-0000009.npz").unlink()
    kept = chunk_paths(folder / "chunks")
    for count in (1, 12):
        few = sim.run(case, replications=count, resume=folder)
        assert few.is_complete
        assert set(kept) <= set(chunk_paths(folder / "chunks"))
        assert sim.load_run(folder).manifest["finished_replications"] == count
    monkeypatch.setattr("sim.results.plan.plan_of", lambda *_, replications, **__: Source(
        replace(case, replications=replications)
    ))  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main(["run", "chancy", "--resume", str(folder), "--replications", "12", "-q"])
    assert ended.value.code == 0
    told = f"13 more finished replications are kept in {folder}; --resume {folder} --replications 25 takes"
    assert told in capsys.readouterr().err
    assert sim.run(case, resume=folder).manifest["finished_replications"] == 25
    assert tables_of(folder) == tables_of(whole)
    assert not (folder / "chunks").exists()


def test_a_single_history_does_not_write_over_replications_of_another(unfinished: Path) -> None:
    with pytest.raises(StoreError, match="holds the unfinished replications of another run"):
        run_to(unfinished, replace(chancy_case(1, replication=3), seed=8))
    assert chunk_paths(unfinished / "chunks")


WITH_CTRL_C = """
import sys
from tests.support.poison import chancy_case
import sim.results.plan as plan
from sim.cli import main
if __name__ == "__main__":
    case = chancy_case(25, replication=22, way="wait", marker=sys.argv[2])
    plan.plan_of = lambda *names, **options: plan.Source(case)
    sys.argv = ["sim", "run", "chancy", "--no-plot", "--jobs", sys.argv[3], "--out", sys.argv[1]]
    main()
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(whole: Path, tmp_path: Path, jobs: int) -> None:
    """With two jobs one worker hangs, so that only a second Ctrl-C ends it."""
    folder, marker = tmp_path / "run", tmp_path / "marker"
    words = [sys.executable, "-c", WITH_CTRL_C, str(folder), str(marker), str(jobs)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        words, cwd=ROOT, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 120
    while not marker.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for _ in range(jobs):
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    kept = re.search(rf"interrupted: (\d+) of 25 replications are kept in {folder}", told)
    assert kept is not None, told
    assert int(kept[1]) == 22 or (jobs == 2 and 10 <= int(kept[1]) <= 20)
    options = "" if jobs == 1 else "--jobs 2 "
    assert f"sim run chancy --replications 25 {options}--resume {folder}" in told
    case = chancy_case(25, replication=22, way="wait", marker=str(marker))
    assert sim.run(case, resume=folder).is_complete
    assert tables_of(folder) == tables_of(whole)


def test_workers_that_die_before_they_begin_are_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.results.pool.serve", os._exit)
    with pytest.raises(RunFailed, match="before they begin, 3 times; a Python script that asks"):
        sim.run(chancy_case(12), jobs=2)


def test_a_case_of_one_replication_asks_for_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.results.execute.Pool", None)
    assert len(sim.run(replace(chancy_case(1), uncertain=()), jobs=2).metrics) > 0

