"""Nodes out in turn: what is taken out, what is read, how work is kept."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from sim.analysis import stress_work
from sim.analysis.knockouts import Node, nodes_of
from sim.analysis.stress import Outcome, Stress, Verdict, difference, lost_by_site, ranked, take_out
from sim.domain import Network
from sim.errors import RunFailed, StoreError
from sim.testing import Sketch, serial_chain


def two_chains() -> Network:
    """Return two sources for one builder, a second builder with one source of its own behind a strait."""
    sketch = Sketch("two_chains")
    for name, country in (("first", "FF"), ("second", "GG"), ("third", "HH")):
        sketch.source(name, "part", country=country)
    sketch.builder("works", {"part": 1.0}, plan=10.0, cover=20.0, country="WW")
    sketch.builder("mill", {"part": 1.0}, plan=4.0, cover=12.0, country="WW")
    sketch.lane("first", "works", "part", days=10, share=0.5, passes=("FF", "bosporus", "WW"))
    sketch.lane("second", "works", "part", days=10, share=0.5)
    sketch.lane("third", "mill", "part", days=8, passes=("HH", "bosporus", "WW"))
    return sketch.network()


def test_nodes_are_what_others_depend_on() -> None:
    found = nodes_of(two_chains())
    kinds = ("site", "lane", "country")
    ids = {kind: [node.node_id for node in found if node.kind == kind] for kind in kinds}
    assert ids["site"] == ["first", "second", "third"]
    assert ids["lane"] == ["first_works_part", "second_works_part", "third_mill_part"]
    assert ids["country"] == ["FF", "GG", "HH"]
    points = [node.node_id for node in nodes_of(two_chains(), ["chokepoint"])]
    assert points == ["bosporus", "second_works_part_strait"]
    with pytest.raises(ValueError, match="'port' cannot be taken out; allowed: site, lane"):
        nodes_of(two_chains(), ["port"])


def test_a_chain_survives_as_long_as_it_holds_goods_and_so_says_the_programme() -> None:
    """Stock of 10 and 20 days and 12 days at sea, cut for 100 days: one cannot reallocate in a chain."""
    stress = Stress(serial_chain([10.0, 20.0], [7, 5]), (100,), (1.0,), after_days=200)
    verdict = take_out(stress, Node("site", "source", "source"))
    (outcome,) = verdict.outcomes
    assert outcome.time_to_survive_days is not None
    held = verdict.lp_days["1"]
    assert held is not None
    assert outcome.time_to_survive_days == pytest.approx(held, abs=1.0)
    assert verdict.lp_as_ordered_days["1"] == pytest.approx(held, abs=1e-6)
    assert outcome.first_site == "works"
    # Goods come back after the cut and the 12 days at sea; the line makes nothing in between.
    stopped = 100 + 12 - outcome.time_to_survive_days
    assert outcome.time_to_recover_days == pytest.approx(stopped, abs=1.0)
    assert outcome.lost_units["works"] == pytest.approx(10.0 * stopped, rel=0.1)
    assert outcome.lost_plan_days == pytest.approx(outcome.lost_units["works"] / 10.0)


@pytest.mark.parametrize("kind", ["site", "lane", "chokepoint", "country"])
def test_each_kind_of_loss_stops_who_depends_on_it(kind: str) -> None:
    """Without the third source, its lane, its strait or its country the mill stops after 12 + 8 days."""
    node_id = {"site": "third", "lane": "third_mill_part", "chokepoint": "bosporus", "country": "HH"}[kind]
    stress = Stress(two_chains(), (60,), (1.0,), after_days=120)
    verdict = take_out(stress, Node(kind, node_id, node_id))
    assert verdict.outcomes[0].first_site == "mill"
    assert verdict.outcomes[0].time_to_survive_days == pytest.approx(20.0, abs=1.0)
    assert verdict.lp_days["1"] == pytest.approx(20.0, abs=1.0)


def test_half_a_loss_is_half_as_bad_and_a_chokepoint_knows_no_halves() -> None:
    stress = Stress(two_chains(), (60,), (0.5, 1.0), after_days=120)
    verdict = take_out(stress, Node("country", "HH", "HH"))
    half, whole = verdict.outcomes
    assert half.time_to_survive_days == pytest.approx(2.0 * (whole.time_to_survive_days or 0.0), rel=0.2)
    assert half.lost_plan_days < whole.lost_plan_days
    strait = take_out(stress, Node("chokepoint", "bosporus", "bosporus"))
    assert [item.severity for item in strait.outcomes] == [1.0]


def outcome(days: float | None, duration: int = 60) -> Outcome:
    """Return an outcome of which only the time to survive matters."""
    return Outcome(duration, 1.0, days, "works" if days else "", None, days is None, {}, days or 0.0)


@pytest.mark.parametrize(
    ("seen", "free", "ordered", "told"),
    [
        (None, None, None, "neither is short"),
        (None, 80.0, 70.0, "the loss ends before stocks do"),
        (30.0, 50.0, 40.0, "10 d perfect buying elsewhere, 10 d transit and sharing out"),
        (30.0, None, 45.0, "others could make up for it; as ordered 45 d, 15 d transit and sharing out"),
        (30.0, None, None, "others could make up for it; as ordered for ever, transit and sharing out take"),
        (30.0, 50.0, 20.0, "buying elsewhere brings 10 d beyond day zero's orders"),
    ],
)
def test_the_difference_is_told(
    seen: float | None, free: float | None, ordered: float | None, told: str
) -> None:
    assert difference(outcome(seen), free, ordered).startswith(told)


def test_the_costliest_come_first_and_losses_are_listed_by_site() -> None:
    nodes = [Node("site", name, name) for name in "abc"]
    lost = Outcome(60, 1.0, 5.0, "works", 9.0, True, {"works": 70.0, "mill": 80.0}, 12.0)
    verdicts = [
        Verdict(node, (item,), {"1": None}, {"1": 7.0})
        for node, item in zip(nodes, (outcome(3.0), outcome(None), lost), strict=True)
    ]
    assert list(ranked(verdicts)["node"]) == ["c", "a", "b"]
    assert list(lost_by_site(verdicts)["site"]) == ["mill", "works"]


SMALL = (5, 40)


def small(folder: Path) -> tuple[Stress, tuple[Node, ...]]:
    """Return a question, its nodes and an open folder."""
    stress = Stress(two_chains(), SMALL, (1.0,), after_days=60)
    stress_work.open_folder(stress, folder)
    return stress, nodes_of(stress.network)


def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    stress, nodes = small(tmp_path / "one")
    alone = stress_work.run_all(stress, nodes, tmp_path / "one", 1)
    stress_work.open_folder(stress, tmp_path / "two")
    both = stress_work.run_all(stress, nodes, tmp_path / "two", 2)
    assert alone.verdicts == both.verdicts
    parts = [{path.name: path.read_bytes() for path in (tmp_path / name / "parts").iterdir()} for name in
             ("one", "two")]  # fmt: skip
    assert parts[0] == parts[1]


def test_what_is_finished_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stress, nodes = small(tmp_path)

    def interrupt(done: int, of: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    first = stress_work.run_all(stress, nodes, tmp_path, 1, interrupt)
    assert first.interrupted
    assert len(first.verdicts) == 3
    done: list[Node] = []

    def noted(stress: Stress, node: Node) -> Verdict:
        done.append(node)
        return take_out(stress, node)

    monkeypatch.setattr(stress_work, "take_out", noted)
    second = stress_work.run_all(stress, nodes, tmp_path, 1)
    assert set(done) == set(nodes) - set(first.verdicts)
    assert set(second.verdicts) == set(nodes)
    stress_work.part_of(tmp_path, nodes[0]).write_text('{"node": ', encoding="utf-8")
    done.clear()
    stress_work.run_all(stress, nodes, tmp_path, 1)
    assert done == [nodes[0]]


def test_a_folder_of_another_question_is_refused(tmp_path: Path) -> None:
    small(tmp_path)
    other = Stress(two_chains(), (7,), (1.0,), after_days=60)
    with pytest.raises(StoreError, match=r"durations_days \[5, 40\] there, \[7\] here"):
        stress_work.open_folder(other, tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(StoreError, match="is no folder of `sim stress`"):
        stress_work.open_folder(other, tmp_path / "full")


def test_a_killed_worker_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stress, nodes = small(tmp_path)
    flag = tmp_path / "killed"

    def deadly(stress: Stress, node: Node) -> Verdict:
        if node == nodes[2] and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return take_out(stress, node)

    monkeypatch.setattr(stress_work, "take_out", deadly)
    assert set(stress_work.run_all(stress, nodes, tmp_path, 2).verdicts) == set(nodes)
    assert flag.exists()


def test_workers_that_always_die_end_the_run_and_keep_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stress, nodes = small(tmp_path)

    def deadly(stress: Stress, node: Node) -> Verdict:
        if node == nodes[-1]:
            os.kill(os.getpid(), signal.SIGKILL)
        return take_out(stress, node)

    monkeypatch.setattr(stress_work, "take_out", deadly)
    with pytest.raises(RunFailed, match="worker processes died 3 times"):
        stress_work.run_all(stress, nodes, tmp_path, 2)
    assert stress_work.finished(tmp_path, nodes)


def test_a_node_that_fails_does_not_stop_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stress, nodes = small(tmp_path)

    def faulty(stress: Stress, node: Node) -> Verdict:
        if node == nodes[0]:
            raise ArithmeticError("no such luck")
        return take_out(stress, node)

    monkeypatch.setattr(stress_work, "take_out", faulty)
    found = stress_work.run_all(stress, nodes, tmp_path, 1).verdicts
    assert found[nodes[0]].failure == "ArithmeticError: no such luck"
    assert "in faulty" in found[nodes[0]].traceback
    assert not any(found[node].failure for node in nodes[1:])
    assert json.loads(stress_work.part_of(tmp_path, nodes[0]).read_text())["failure"]
    assert nodes[0] not in stress_work.finished(tmp_path, nodes)
