"""A world that only remembers what an intervention did, and kinds built from their own examples."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from io import StringIO
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from sim import units
from sim.domain import Country, Distribution, Network
from sim.interventions import KINDS, Intervention, Recovery, Stage, Window
from sim.interventions.base import Answer
from sim.interventions.content_rule import Denied, Limb, Limbs
from sim.interventions.examples import example_of
from sim.interventions.export_ban import Diversion
from sim.interventions.export_licence import Approval, Capacity, Collateral, Screening
from sim.interventions.instructions import Reach, Turn, WaitFor, WaitUntil, Watch
from sim.testing.networks import Sketch

START = date(2025, 1, 1)
READERS: Mapping[str, Callable[[Any], Any]] = {
    "duration": units.duration,
    "share": units.share,
    "factor": units.factor,
    "count": units.count,
    "quantity": lambda given: units.quantity(given).value,
    "USD/t": units.money_per_tonne,
    "rate": lambda given: units.rate(given).value,
}
LENGTHS = ("low", "mode", "high", "mean", "value")
"""Parameters of a law in the unit of its figure."""
PARTS: Mapping[str, type] = {
    "recovery": Recovery,
    "stages": Stage,
    "approval": Approval,
    "screening": Screening,
    "capacity": Capacity,
    "collateral": Collateral,
    "windows": Window,
    "limbs": Limbs,
    "origin": Limb,
    "content": Limb,
    "technology": Limb,
    "deny": Denied,
    "diversion": Diversion,
}


@dataclass
class FakeWorld:
    """What an intervention may know, and nothing more."""

    network: Network
    horizon_days: int = 1095
    deterministic: bool = False
    replication: int = 0

    def day(self, when: date) -> float:
        return float((when - START).days)

    def flow(self, lane_id: str) -> float:
        return 2.0

    def rng(self, stream: str) -> np.random.Generator:
        return np.random.default_rng([zlib.crc32(stream.encode()), self.replication])

    def once(self, question: str, find: Callable[[], Answer]) -> Answer:
        return find()


def reference_like() -> Network:
    """Return a network with every place, line and route that the kinds' examples name."""
    sketch = Sketch("contract", elements=("ndpr", "dysprosium"), tracked=("CN", "AU", "KZ"))
    for material, form in (("ndpr_oxide", "oxide"), ("ndpr_metal", "metal"), ("magnet_heavy", "magnet")):
        sketch.material(material, form=form, unit="tonne", contents={"ndpr": 0.8})
    sketch.mine("mt_weld", "ndpr_oxide", plan=0.8, country="AU", capacity_per_day=0.9)
    sketch.mine("irel_sands", "ndpr_oxide", plan=1.0, country="IN")
    sketch.mine("zhana_kazakhstan", "ndpr_oxide", plan=1.0, country="KZ")
    sketch.mine("old_magnets_china", "ndpr_oxide", plan=0.2, country="CN")
    sketch.plant("japan_alloy", {"ndpr_metal": 1.0}, {"ndpr_oxide": 1.2}, country="JP")
    sketch.builder("toyota_japan", {"ndpr_metal": 1.0}, plan=1.0, cover=90.0, country="JP")
    sketch.builder("us_maker", {"ndpr_oxide": 1.0}, plan=1.0, cover=90.0, country="US")
    sketch.lane("mt_weld", "japan_alloy", "ndpr_oxide", days=20, share=0.5)
    sketch.lane("irel_sands", "japan_alloy", "ndpr_oxide", days=22, share=0.5)
    sketch.lane("japan_alloy", "toyota_japan", "ndpr_metal", days=3)
    sketch.lane(
        "zhana_kazakhstan", "us_maker", "ndpr_oxide", days=40, share=0.6, passes=("KZ", "CN", "US")
    )
    sketch.lane("old_magnets_china", "us_maker", "ndpr_oxide", days=35, share=0.2)
    sketch.lane(
        "mt_weld", "us_maker", "ndpr_oxide", days=48, share=0.2, passes=("AU", "cape_of_good_hope", "US")
    )
    names = {"AU": "Australia", "IN": "India", "KZ": "Kazakhstan", "JP": "Japan", "US": "United States"}
    names |= {"CN": "China"}
    network = sketch.network()
    lines = dict(network.lines)
    named = {"zhana_kazakhstan": "zhana_kazakhstan_mining"}
    named["old_magnets_china"] = "old_magnets_china_collection"
    for site, line in named.items():
        lines[line] = replace(lines.pop(f"{site}_line"), line_id=line)
    countries = {code: Country(code, name) for code, name in names.items()}
    return replace(network, lines=lines, countries=countries)


def read_field(item: Any, value: Any) -> Any:
    """Return a YAML value as the field has it."""
    part = PARTS.get(item.name)
    if part is not None and part.__name__ in str(item.type):
        if isinstance(value, list):
            return tuple(construct(part, one) for one in value)
        return construct(part, value)
    if isinstance(value, dict) and "distribution" in value:
        law = {key: READERS[item.metadata["unit"]](part) for key, part in value.items() if key in LENGTHS}
        shape = {key: float(part) for key, part in value.items() if key in ("cv", "sd")}
        return Distribution(value["distribution"], law | shape)
    if isinstance(value, dict) and "unit" in item.metadata:
        return {key: READERS[item.metadata["unit"]](one) for key, one in value.items()}
    if "unit" in item.metadata:
        return READERS[item.metadata["unit"]](value)
    if "tuple" in str(item.type):
        return tuple(value) if isinstance(value, list) else (value,)
    return value


def construct(kind: type, values: Mapping[str, Any]) -> Any:
    """Build a dataclass from YAML, refusing keys that are not its fields."""
    by_name = {item.metadata.get("alias", item.name): item for item in fields(kind)}
    unknown = set(values) - set(by_name) - {"kind"}
    assert not unknown, f"{kind.__name__}: unknown keys {unknown}"
    chosen = [(by_name[key], value) for key, value in values.items() if key != "kind"]
    return kind(**{item.name: read_field(item, value) for item, value in chosen})


def from_example(kind: type[Intervention]) -> Intervention:
    """Build the intervention of a kind's docstring."""
    values = YAML(typ="safe", pure=True).load(StringIO(example_of(kind)))
    assert values["kind"] == kind.kind
    return construct(kind, values)


def play(
    item: Intervention, world: FakeWorld, milestones: Mapping[tuple[str, str], float] | None = None
) -> list[tuple[float, Any]]:
    """Run a timeline as a calendar would; return what it did with the day on which it did it."""
    day, done, answer = 0.0, [], None
    generator = item.timeline(world)
    try:
        while True:
            step = generator.send(answer)
            answer = None
            if isinstance(step, WaitUntil):
                assert step.day == round(step.day), f"{step} is not a whole day"
                day = max(day, step.day)
                if day >= world.horizon_days:
                    break
            elif isinstance(step, WaitFor):
                found = (milestones or {}).get((step.intervention, step.milestone))
                if found is None:
                    break
                answer = found
                day = max(day, found + step.lag_days)
            else:
                done.append((day, step))
    except StopIteration:
        pass
    return done


def levers_after(done: list[tuple[float, Any]], day: float) -> dict[tuple[str, str], float]:
    """Return the value of every row that was turned up to a day."""
    rows: dict[tuple[str, str], float] = {}
    for when, step in done:
        if isinstance(step, Turn | Watch) and when <= day:
            rows |= {(step.lever, row): step.value for row in step.scope}
    return rows


def reached(done: list[tuple[float, Any]]) -> dict[str, float]:
    """Return the day of each milestone."""
    return {step.milestone: day for day, step in done if isinstance(step, Reach)}


@dataclass(frozen=True)
class Stand:
    """The tools of this suite, as one fixture."""

    network: Network
    from_example = staticmethod(from_example)
    example_text = staticmethod(example_of)
    play = staticmethod(play)
    levers_after = staticmethod(levers_after)
    reached = staticmethod(reached)

    def world(self, **changes: Any) -> FakeWorld:
        return FakeWorld(self.network, **changes)


@pytest.fixture(scope="session")
def stand() -> Stand:
    """Return the network and the tools."""
    return Stand(reference_like())


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> type[Intervention]:
    """Return every registered kind in turn."""
    return KINDS[request.param]
