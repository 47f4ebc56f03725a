"""A real Dask scheduler with two worker processes on this machine: the same bytes, whoever dies."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import sim
from sim.errors import RunFailed
from tests.results.test_ensembles import ROOT, run_to, tables_of
from tests.support.poison import chancy_case

pytest.importorskip("distributed")
# The client's own threads and sockets are not ours to tidy.
pytestmark = pytest.mark.filterwarnings("ignore")


@contextlib.contextmanager
def cluster(folder: Path, *options: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Yield the address of a scheduler on loopback and the processes of its two workers."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0" if "--nanny" in options else "3",
    }
    stated = folder / "scheduler.json"

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *words]
        log = (folder / "log.txt").open("ab")
        return subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)

    begun = [start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                   "--no-dashboard", "--scheduler-file", str(stated))]  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not stated.exists():
            assert time.monotonic() < deadline, (folder / "log.txt").read_text()
            time.sleep(0.05)
        words = ("--scheduler-file", str(stated), "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1")
        begun += [start("distributed.cli.dask_worker", *words, *options) for _ in range(2)]
        import json

        yield json.loads(stated.read_text())["address"], begun[1:]
    finally:
        for process in reversed(begun):
            process.terminate()
        for process in reversed(begun):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            process.kill()


def test_a_worker_killed_half_way_does_not_show(tmp_path: Path) -> None:
    """Each of two workers is at its chunks when one is killed from within replication 23."""
    case = chancy_case(50, replication=23, way="kill", marker=str(tmp_path / "killed"))
    with cluster(tmp_path, "--no-nanny") as (address, workers):
        result = run_to(tmp_path / "cluster", case, cluster=address)
        assert (tmp_path / "killed").exists()
        assert sorted(process.poll() is None for process in workers) == [False, True]
    assert result.is_complete
    run_to(tmp_path / "alone", case)
    assert tables_of(tmp_path / "cluster") == tables_of(tmp_path / "alone")


def test_a_replication_that_kills_workers_is_left_out(tmp_path: Path) -> None:
    with cluster(tmp_path, "--nanny") as (address, _):
        result = sim.run(chancy_case(20, replication=13, way="kill"), cluster=address)
    (failure,) = result.manifest["failures"]
    assert (failure["replication"], failure["seed"], failure["type"]) == (13, 7, "WorkerDied")
    assert result.manifest["finished_replications"] == 19


def test_without_a_scheduler_the_message_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.results.cluster.CONNECT_SECONDS", 0.5)
    told = r"no Dask scheduler answers at tcp://127.0.0.1:9: (.|\n)*`dask scheduler`"
    with pytest.raises(RunFailed, match=told):
        sim.run(chancy_case(4), cluster="tcp://127.0.0.1:9")


@pytest.mark.parametrize("address", ["10.0.0.1", "tcp://10.0.0.1", "tcp://host:port"])
def test_what_is_no_address_is_refused_at_once(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=None))
    with pytest.raises(RunFailed, match=r"is no address of a Dask scheduler; write tcp://host:port"):
        sim.run(chancy_case(4), cluster=address)


@pytest.mark.parametrize("has_folder", [False, True])
def test_a_refused_run_leaves_nothing(tmp_path: Path, has_folder: bool) -> None:
    folder = tmp_path / "runs" / "new"
    if has_folder:
        folder.mkdir(parents=True)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(RunFailed, match="is no address"):
        sim.run(chancy_case(4), cluster="nowhere", out=folder)
    assert set(tmp_path.rglob("*")) == before


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunFailed, match=r"pip install '\.\[cluster\]'"):
        sim.run(chancy_case(4), cluster="tcp://127.0.0.1:9")


def test_workers_of_another_version_are_refused() -> None:
    from sim.results.cluster import identity, make
    from sim.results.replicate import Task

    other = {**identity(), "version of numpy": "1.0"}
    with pytest.raises(RunFailed, match=r"version of numpy: 1\.0 here, .* there"):
        make(Task((), 0), (0,), other)
