"""The paragraph that says why: every date and limit in it is in the daily series, and the blame is right."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

import sim
from sim.analysis.absorbed import cover_of
from sim.analysis.causes import GAP_DAYS, MADE_SHARE, Link, chain
from sim.analysis.evidence import Evidence, falls_from
from sim.analysis.ways import diverted_lanes, late_lanes
from sim.engine.trajectory import Trajectory
from sim.results.run import Run

SHORT = (
    "japan_import_cut", "japan_import_cut_china_only", "japan_import_cut_heavies_only",
    "japan_import_cut_nothing_arrives",
)  # fmt: skip


@cache
def made(name: str, *sets: str) -> Run:
    return sim.run(name, sets=sets)


def evidence_of(run: Run) -> Evidence:
    assert run.case is not None
    assert run.trajectory is not None
    assert run.baseline_trajectory is not None
    return Evidence(run.case, run.trajectory, run.baseline_trajectory, int(run.manifest["runway_from_day"]))


def links_of(run: Run) -> tuple[Evidence, str, str, int, list[Link]]:
    """Return the chain behind the first affected maker of the table."""
    evidence, table = evidence_of(run), run.metrics[run.metrics["is_affected"]]
    first = table.sort_values("first_shortfall_date", kind="stable").iloc[0]
    day = (first["first_shortfall_date"] - evidence.run.start).days
    site, component = str(first.name), str(first["limiting_component"])
    return evidence, site, component, day, chain(evidence, site, component, day)[0]


def amount(run: Trajectory, flow: str, lane: int, first: int, last: int) -> float:
    """Return what a lane shipped or received from one day to another, both included."""
    return float(getattr(run, flow)[first : last + 1, lane].sum())


def less(evidence: Evidence, line: int) -> np.ndarray:
    return evidence.run.line_made[:, line] < MADE_SHARE * evidence.base.line_made[:, line]


@pytest.mark.parametrize("name", SHORT)
def test_every_step_is_in_the_daily_series(name: str) -> None:
    evidence, site, component, day, links = links_of(made(name))
    buyer, material, last = site, component, day
    for link in links:
        lane, cause = evidence.lane(link.lane), link.cause
        assert (lane.buyer, lane.material) == (buyer, material)
        assert cause.shipped <= cause.until <= last
        assert cause.landed is not None
        assert cause.shipped < cause.landed <= last
        for flow, first, final in (("shipped", cause.shipped, cause.until), ("received", cause.landed, last)):
            now, then = (amount(run, flow, link.lane, first, final) for run in (evidence.run, evidence.base))
            assert now < then, f"{flow} did not fall"
        for item in (cause, *link.likewise):
            if item.kind == "input":
                assert item.line is not None
                bound = less(evidence, item.line) & (evidence.run.line_limit[:, item.line] >= 0)
                code = evidence.run.materials.index(item.material)
                assert bound[item.day]
                assert evidence.run.line_limit[item.day, item.line] == code
                assert not bound[max(0, item.day - GAP_DAYS) : item.day].any(), "the spell began before"
                assert bound[item.shipped : item.until + 1].any(), "the spell is over when less is shipped"
        if cause.kind == "lane":
            span = (link.lane, cause.shipped, cause.until)
            assert amount(evidence.run, "shipped", *span) <= 0.05 * amount(evidence.base, "shipped", *span)
        buyer, material, last = cause.supplier, cause.material, cause.until
    assert links[-1].cause.kind == "lane"


@pytest.mark.parametrize("name", SHORT)
def test_the_paragraph_tells_the_steps_with_their_dates_in_order(name: str) -> None:
    run = made(name)
    evidence, site, component, day, links = links_of(run)
    told = [evidence.site_name(site), evidence.date(day), evidence.material_name(component)]
    for link in links:
        told += [evidence.site_name(link.cause.supplier), evidence.date(link.cause.shipped)]
        if link.cause.kind == "input":
            told += [evidence.material_name(link.cause.material), evidence.date(link.cause.day)]
    place = 0
    for words in told:
        place = run.why.index(words, place)


def test_without_the_blamed_goods_nobody_is_short_and_without_others_they_are() -> None:
    _, site, _, _, links = links_of(made("japan_import_cut_heavies_only"))
    assert [link.cause.material for link in links] == ["magnet_heavy", "dysprosium_metal", ""]
    assert links[1].cause.supplier == "proterial"
    assert [item.supplier for item in links[1].likewise] == ["shin_etsu"]
    magnets_alone = made("japan_import_cut_heavies_only", "interventions.import_cut.materials=[magnet_heavy]")
    assert magnets_alone.metrics["first_shortfall_date"].isna().all()
    by_element = "interventions.import_cut.materials=[dysprosium, terbium]"
    elements = made("japan_import_cut_heavies_only", by_element)
    assert elements.metrics.at[site, "first_shortfall_date"] is not None


def test_a_shortfall_with_stock_in_hand_is_explained() -> None:
    run = made("japan_import_cut")
    evidence, site, component, day, _ = links_of(run)
    assert evidence.cover_left(site, component, day) == pytest.approx(22.0, abs=0.5)
    assert (
        "the 22 days left, from Japan steering and brake motors, fit only 20 % of the missing use" in run.why
    )


def test_a_stopped_lane_is_compared_with_the_baseline_from_that_day_and_adds_up() -> None:
    run = made("india_halt")
    assert "stopped from 2025-06-13" in run.why
    assert "70 %" not in run.why
    evidence = evidence_of(run)
    (lane,) = evidence.cut_lanes()
    cover = cover_of(evidence, [lane])
    others = sum(more for _, more in cover.others)
    assert cover.missing == pytest.approx(others + cover.drawn + cover.unused)
    landed, *parts = (float(text) for text in re.findall(r"([\d.]+) t ", run.why))
    put = parts.pop() if " into its own stock" in run.why else 0.0
    assert landed == pytest.approx(sum(parts) - put, abs=2.5), "what is named does not add up"


def test_one_stock_covers_a_cut_once_and_what_is_not_covered_is_said() -> None:
    text = made("null_set").why
    assert text.count("6,523 t") == 1
    landed, drawn, unused = (float(item.replace(",", "")) for item in re.findall(r"([\d,]+) t ", text))
    assert landed == pytest.approx(drawn + unused, abs=2.0)
    assert f"used {unused:,.0f} t less; no manufacturer depends on it" in text


def test_diverted_goods_are_told_and_nothing_is_called_late_that_only_fell() -> None:
    run = made("kazakhstan_transit_refused")
    evidence = evidence_of(run)
    assert "landed later" not in run.why
    (item,) = diverted_lanes(evidence)
    assert item.share == pytest.approx(1.0)
    rows = run.shipments[run.shipments["lane"] == evidence.run.lanes[item.lane]]
    assert set(rows["route"]) == {item.taken}
    assert "All Zhana Kazakhstan concentrate" in run.why
    assert "because China refuses transit of goods from Kazakhstan to United States" in run.why


def test_late_means_longer_under_way() -> None:
    evidence = evidence_of(made("null_set"))
    late = dict(late_lanes(evidence))
    assert late
    assert max(late.values()) == pytest.approx(12.0, abs=1e-6)
    for lane in late:
        passes = [evidence.network.routes[part.route].passes for part in evidence.lane(lane).routes]
        assert any("cape_of_good_hope" in way for way in passes)


def test_a_flow_falls_from_where_it_last_held_its_own() -> None:
    made_up = np.array([0.0, 2.0, 2.0, 0.0, 0.0, 1.0, 2.0, 3.0])
    assert falls_from(made_up, 0.5, 7) == 5
    assert falls_from(made_up, 0.5, 2) == 1
    assert falls_from(made_up, 0.5, 4) is None
    ahead = np.array([-1.0, -2.0, -3.0, -2.0, -1.0])
    assert falls_from(ahead, 0.5, 4) == 3
