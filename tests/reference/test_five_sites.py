"""The example of a user's own network runs, as the page about it says."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim

FOLDER = Path(__file__).parents[2] / "docs" / "five_sites"
SCENARIO = """\
title: The pit closes
question: How long does Nagoya build without the hill's ore?
network: {folder}
start: 2025-01-01
horizon: 1 yr
interventions:
  - id: pit_closed
    kind: outage
    sites: [hill_mine]
    start: 2025-03-01
"""


@pytest.mark.parametrize("with_shock", [False, True])
def test_the_five_site_example_runs_as_a_scenario(tmp_path: Path, with_shock: bool) -> None:
    """Weekly reviews settle; without a shock all is built, with the pit closed Nagoya stops in the year."""
    text = SCENARIO.format(folder=FOLDER)
    if not with_shock:
        text = text.split("interventions:")[0]
    file = tmp_path / "five.yaml"
    file.write_text(text)
    row = sim.run(file).metrics.loc["nagoya_cars"]
    if with_shock:
        assert row["realised_runway_days"] > row["pipeline_runway_days"] > 45.0
        assert row["line_stop_date"] is not None
    else:
        assert row["fill_rate"] == pytest.approx(1.0, abs=1e-12)
