"""The founding articles' claims, and the belief that makes their totals true."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from sim import data
from sim.data.claims import (
    CONTEXT,
    DISAGREES,
    REPRODUCED,
    UNDECIDABLE,
    check_claims,
    claim_rows,
    rounding,
    verdict,
)
from sim.data.tables import Row
from sim.domain import Network
from sim.errors import DataError
from sim.steady import solve
from sim.steady.report import mass_balance

FIVE_SITES = Path(__file__).resolve().parents[2] / "docs" / "five_sites"


@pytest.fixture(scope="module")
def reference() -> Network:
    return data.load_network("rare_earths_2024")


@pytest.fixture(scope="module")
def claims(reference: Network) -> pd.DataFrame:
    return check_claims(reference, solve(reference)).set_index("claim_id")


@pytest.fixture(scope="module")
def seed_world(reference: Network) -> Network:
    return data.with_belief(reference, "seed_world")


@pytest.mark.parametrize(
    ("value", "unit", "model", "expected"),
    [
        ("63", "%", 63.4, REPRODUCED),
        ("63", "%", 63.6, DISAGREES),
        ("about 70", "%", 67.1, REPRODUCED),
        ("almost 70", "%", 66.9, DISAGREES),
        ("over 90", "%", 90.1, REPRODUCED),
        ("over 90", "%", 90.0, DISAGREES),
        ("about 210000", "t/yr", 214_000.0, REPRODUCED),
        ("about 210000", "t/yr", 216_000.0, DISAGREES),
        ("1.2", "t/t", None, UNDECIDABLE),
    ],
)
def test_a_verdict_follows_the_rounding_of_the_claim(
    value: str, unit: str, model: float | None, expected: str
) -> None:
    row = Row({"value": value, "unit": unit, "check": "output(a, b, c)"}, "claims.csv", 2)
    assert verdict(row, model) == expected


def test_a_claim_without_a_check_is_context() -> None:
    assert verdict(Row({"value": "54", "unit": "%", "check": ""}, "claims.csv", 2), None) == CONTEXT


def test_rounding_is_half_of_the_last_digit() -> None:
    figures = {"63": 0.5, "1.2": 0.05, "210000": 5000.0, "90": 0.5, "500": 50.0}
    assert {text: rounding(text) for text in figures} == figures


def test_all_claims_have_the_verdict_expected(reference: Network, claims: pd.DataFrame) -> None:
    assert len(claims) == 43
    expected = {row["claim_id"]: row["verdict_expected"] for row in claim_rows(reference)}
    assert claims["verdict"].to_dict() == expected


def test_what_must_be_reproduced_is(claims: pd.DataFrame) -> None:
    for claim_id in ("claim_01", "claim_03", "claim_05", "claim_25"):
        assert claims.loc[claim_id, "verdict"] == REPRODUCED
    assert claims.loc["claim_25", "model_value"] == pytest.approx(90.0)


def test_a_disagreement_gives_both_numbers(claims: pd.DataFrame) -> None:
    for claim_id, article in (("claim_02", "63"), ("claim_06", "about 5")):
        row = claims.loc[claim_id]
        assert row["verdict"] == DISAGREES
        assert row["article_value"] == article
        assert row["model_value"] > 10


def test_the_verdict_follows_the_network(reference: Network) -> None:
    thin = data.with_numbers(reference, {"sites.toyota_japan.cover": 60.0})
    claims = check_claims(thin, solve(thin)).set_index("claim_id")
    assert claims.loc["claim_25", "verdict"] == DISAGREES
    assert claims.loc["claim_25", "model_value"] == pytest.approx(60.0)


def test_in_the_seed_world_the_articles_totals_hold_exactly(seed_world: Network) -> None:
    balance = mass_balance(seed_world, solve(seed_world))
    mined = balance[balance["stage"] == "mining"]
    by_country = mined.groupby("country")["output"].sum()
    assert by_country["CN"] == pytest.approx(210_000, rel=1e-12)
    assert by_country["US"] == pytest.approx(15_000, rel=1e-12)
    assert by_country.sum() == pytest.approx(300_000, rel=1e-12)
    assert by_country["CN"] / by_country.sum() == pytest.approx(0.70, rel=1e-12)
    assert by_country["US"] / by_country.sum() == pytest.approx(0.05, rel=1e-12)


def test_the_seed_world_builds_its_smaller_plans(reference: Network, seed_world: Network) -> None:
    before, after = solve(reference), solve(seed_world)
    for name in ("toyota_japan", "byd", "hyundai_kia"):
        for line in reference.lines_at(name):
            ratio = after.line_rate[line.line_id] / before.line_rate[line.line_id]
            assert ratio == pytest.approx(0.757)
    claims = check_claims(seed_world, after).set_index("claim_id")
    assert (claims.loc[["claim_04", "claim_05", "claim_06"], "verdict"] == REPRODUCED).all()


def test_the_second_belief_on_separation_is_a_nameplate(reference: Network) -> None:
    world = data.with_belief(reference, "separation_63")
    flows = solve(world)
    claims = check_claims(world, flows).set_index("claim_id")
    assert claims.loc["claim_02", "model_value"] == pytest.approx(63, abs=0.5)
    assert claims.loc["claim_01", "verdict"] == REPRODUCED


def test_an_unknown_belief_is_told(reference: Network) -> None:
    assert "seed_world" in data.beliefs(reference)
    with pytest.raises(DataError) as caught:
        data.with_belief(reference, "seedworld")
    assert caught.value.problems[0].hint == "did you mean seed_world?"


def test_a_belief_sets_scales_and_pins(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FIVE_SITES, tmp_path / "five"))
    (folder / "beliefs.csv").write_text(
        "belief,path,operation,value,low,high,unit,source_id,derived_from,note\n"
        "other,sites.nagoya_cars.cover.magnet_heavy,set,60,,,d,A_stocks,,\n"
        "other,stages.oem.JP.plan,scale,0.5,,,share,A_volumes,,\n"
        "pinned,stages.mining.all.plan,pin,2483.46,,,t/yr,A_volumes,,\n",
        encoding="utf-8",
    )
    network = data.load_network(folder)
    other = data.with_belief(network, "other")
    assert other.sites["nagoya_cars"].cover["magnet_heavy"] == 60
    assert other.lines["nagoya_line"].plan_per_day == pytest.approx(500)
    assert not other.pins
    pinned = data.with_belief(network, "pinned")
    assert pinned.pins == {"hill_pit": pytest.approx(2483.46 / 365)}
    assert solve(pinned).line_rate["hill_pit"] == pinned.pins["hill_pit"]


def test_a_claim_with_an_unknown_check_is_told(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FIVE_SITES, tmp_path / "five"))
    (folder / "claims.csv").write_text(
        "claim_id,source_id,title,claim,value,unit,entity,phrase,check,verdict_expected,note\n"
        "c1,example_page,t,more,over 3,%,AU,p,\"wold_share(mining, concentrate, AU)\",,\n",
        encoding="utf-8",
    )
    network = data.load_network(folder)
    with pytest.raises(DataError) as caught:
        check_claims(network, solve(network))
    problem = caught.value.problems[0]
    assert (problem.hint, problem.line) == ("did you mean world_share?", 2)
