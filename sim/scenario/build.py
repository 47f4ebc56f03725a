"""Typed parts to a `Case`: records made, working days counted, laws in their place."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sim.case import Case, Design, InitialState, Uncertain
from sim.domain import Distribution, Network
from sim.interventions import Branch, ExportLicence, Intervention
from sim.interventions.scope import country_codes
from sim.scenario.compose import is_actual_policy
from sim.scenario.fields import Closed
from sim.scenario.kinds import field_key, takes_law
from sim.scenario.readings import Reading
from sim.scenario.state import initial_state
from sim.scenario.syntax import Node, Problems, walk
from sim.scenario.together import checked_correlations
from sim.scenario.validate import Parts, locate
from sim.scenario.workdays import calendar_days, is_listed
from sim.scenario.world import World
from sim.units import WorkingDays

ALTERNATIVE_FIELDS = (("end", "duration_days"), ("start", "after"))
"""Fields of which an intervention has one; a branch that sets one takes the other out."""

LISTED = {"CN": "China", "JP": "Japan"}
"""Countries whose moveable holidays are listed, year by year."""


@dataclass(slots=True)
class _Clock:
    """When and where a duration of an intervention begins, for its working days."""

    start: date | None
    country: str
    warnings: Problems
    node: Node

    def days(self, working: WorkingDays) -> float:
        """Return the calendar days of some working days.

        Raises
        ------
        ValueError
            If there is no start date.
        """
        if self.start is None:
            raise ValueError("working days need a start date, and this intervention has none")
        days = calendar_days(working, self.start, self.country)
        years = {self.start.year, (self.start + timedelta(days=days)).year}
        if self.country in LISTED and not all(is_listed(self.country, year) for year in years):
            self.warnings.add(
                f"the holidays of {LISTED[self.country]} are not listed for all of {min(years)}-{max(years)}",
                self.node.mark,
                key="working days",
            )
        return float(days)


def build_case(parts: Parts, world: World, path: Path, problems: Problems, warnings: Problems) -> Case | None:
    """Return the case, or None where something cannot be built; what is wrong goes to ``problems``."""
    top = parts.top
    laws: dict[str, Distribution] = dict(world.laws)
    built = _interventions(parts, world.network, laws, problems, warnings)
    records = [record for _, _, record in built]
    state = initial_state(parts, world.network, records, laws, problems, world.pending)
    _look_for_licences(parts, records, state, warnings)
    _uncertain_elsewhere(parts, laws, problems)
    correlations = checked_correlations(
        top.get("correlations", ()), parts.root, world.network, laws, problems
    )
    horizon = _horizon(top["horizon"], parts.root, problems) if "horizon" in top else 0
    for item, where, record in built:
        if not problems.speak_of(where) and not _mentions(item, world.pending):
            _look_for_effects(item, where, record, world.network, problems)
    if problems.found or "horizon" not in top:
        return None
    return Case(
        name=top.get("name", path.stem),
        network=world.network,
        start=top["start"],
        horizon_days=horizon,
        interventions=tuple(records),
        title=top["title"],
        question=top.get("question", ""),
        file=str(path),
        seed=top.get("seed", 1),
        replications=top.get("replications", 1),
        uncertain=tuple(Uncertain(key, laws[key]) for key in sorted(laws)),
        correlations=correlations,
        design=Design(top.get("design", Design.RANDOM.value)),
        initial_state=state if state is not None else InitialState(),
        background=_background(parts),
        runway_from=top.get("runway_from"),
        outputs=top.get("outputs", ()),
        must_hold=top.get("must_hold", ()),
        sources=top.get("sources", ()),
    )


def _look_for_licences(
    parts: Parts, records: list[Intervention], state: InitialState | None, warnings: Problems
) -> None:
    """Warn of licences in force under which nothing is said to be open."""
    entry = parts.top.get("initial_state")
    in_force = set(entry.rules_in_force) if entry is not None else set()
    stated = {item.rule for item in state.licences} if state is not None else set()
    for record in records:
        if isinstance(record, ExportLicence) and record.id in in_force - stated:
            node = locate(parts.root, ("initial_state", "rules_in_force"))
            warnings.add(
                f"nothing is open under '{record.id}': from day 0 all that is ordered waits for its licence",
                node.mark, key="initial_state.rules_in_force", hint="state them under `licences:`",
            )  # fmt: skip


def _horizon(reading: Reading, root: Node, problems: Problems) -> int:
    node = locate(root, ("horizon",))
    longest = 36_500
    if reading.law or reading.has_working_days:
        problems.add(
            "horizon: calendar days are wanted",
            node.mark,
            key="horizon",
            given=node.text,
            allowed="90 d, 18 months, 10 years",
        )
        return 0
    days = math.ceil(float(reading.number()) - 1e-9)  # type: ignore[arg-type]
    if days > longest:
        problems.add(
            f"horizon is {days} days",
            node.mark,
            key="horizon",
            given=node.text,
            allowed=f"1 d to {longest} d",
        )
    return days


def _background(parts: Parts) -> frozenset[str]:
    """Return the interventions named as background, or that a dated list of actual policy brought in."""
    found = set(parts.top.get("background", ()))
    state = parts.top.get("initial_state")
    found |= set(state.rules_in_force) if state is not None else set()
    for item, _, model in parts.interventions:
        node = item.get("id")
        if node is not None and is_actual_policy(node):
            found.add(str(model.id))  # type: ignore[attr-defined]
    return frozenset(found)


def _interventions(
    parts: Parts, network: Network, laws: dict[str, Distribution], problems: Problems, warnings: Problems
) -> list[tuple[Node, str, Intervention]]:
    """Return (node, path of keys, record) of every intervention that can be made."""
    models = {str(model.id): model for _, _, model in parts.interventions}  # type: ignore[attr-defined]
    out = []
    for item, where, model in parts.interventions:
        clock = _Clock(_start_of(model, models), _jurisdiction(model, network), warnings, item)
        name = str(model.id)  # type: ignore[attr-defined]
        found: dict[str, Distribution] = {}
        try:
            drawn = {
                path.split(".", 2)[2]: reading.number(clock.days)
                for path, reading in parts.uncertain.items()
                if path.startswith(f"interventions.{name}.")
            }
            record = _record(model, clock, found, "")
            for key, law in drawn.items():
                record = _with_law(record, key, law, found)
            out.append((item, where, record))
        except ValueError as error:
            # The record repeats some checks that were already made with a better place.
            if not problems.speak_of(where):
                message = str(error).removeprefix(f"{name}: ")
                problems.add(f"{where}: {message}", item.mark, key=where, given=name)
        laws |= {f"interventions.{name}.{key}": law for key, law in found.items()}
    return out


def _start_of(model: Any, models: Mapping[str, Any]) -> date | None:
    """Return the date an intervention starts, also when it reacts to a dated milestone of another."""
    seen: set[str] = set()
    while model is not None and getattr(model, "start", None) is None and model.id not in seen:
        seen.add(model.id)
        if model.after is None:
            return None
        stone = model.after.milestone or "start"
        model = models.get(model.after.intervention)
        if model is not None and stone != "start":
            day: date | None = getattr(model, stone, None)
            return day
    return getattr(model, "start", None)


def _jurisdiction(model: Any, network: Network) -> str:
    """Return the country code of whoever acts: the first place it comes from."""
    for field in ("from_places", "through", "sites"):
        for name in getattr(model, field, None) or ():
            if name in network.sites:
                return network.sites[name].country
            codes = country_codes(network, name)
            if len(codes) == 1:
                return next(iter(codes))
    return ""


def _record(model: Closed, clock: _Clock, laws: dict[str, Distribution], prefix: str) -> Any:
    """Return the dataclass a model stands for."""
    cls: Any = type(model).record
    given = model.model_fields_set - {"kind"}
    if cls is Branch:
        return _branch(model, given, clock)
    values: dict[str, Any] = {}
    keys = {item.name: field_key(item) for item in cls.__dataclass_fields__.values()}
    for name in given:
        path = f"{prefix}{keys[name]}"
        value = _convert(getattr(model, name), clock, laws, path)
        if not takes_law(cls, name):
            if isinstance(value, Distribution):
                laws[path] = value
                value = value.central()
            elif isinstance(value, Mapping) and any(isinstance(v, Distribution) for v in value.values()):
                raise ValueError(f"{path} holds numbers, not distributions")
        values[name] = value
    return cls(**values)


def _branch(model: Any, given: set[str], clock: _Clock) -> Branch:
    own = {key: getattr(model, key) for key in given if key not in ("name", "weight")}
    later = _Clock(own.get("start") or clock.start, clock.country, clock.warnings, clock.node)
    laws: dict[str, Distribution] = {}
    changes = {key: _convert(value, later, laws, key) for key, value in own.items()}
    alone = [
        key
        for key, value in changes.items()
        if isinstance(value, Distribution) and not takes_law(model.of_kind, key)
    ]
    if alone or laws or model.weight.law:
        name = (alone or list(laws) or ["weight"])[0]
        raise ValueError(f"branch '{model.name}': {name} is one number there, not a distribution")
    for one, other in ALTERNATIVE_FIELDS:
        if one in changes and other not in changes:
            changes[other] = None
        elif other in changes and one not in changes:
            changes[one] = None
    return Branch(name=model.name, weight=model.weight.number(), changes=changes)


def _convert(value: Any, clock: _Clock, laws: dict[str, Distribution], path: str) -> Any:
    if isinstance(value, Reading):
        return value.number(clock.days if value.has_working_days else None)
    if isinstance(value, Closed):
        return _record(value, clock, laws, f"{path}.")
    if isinstance(value, list | tuple):
        below: dict[str, Distribution] = {}
        items = tuple(_convert(item, clock, below, f"{path}.{number}") for number, item in enumerate(value))
        if below:
            raise ValueError(f"{next(iter(below))} is one number there, not a distribution")
        return items
    if isinstance(value, Mapping):
        return {key: _convert(item, clock, laws, f"{path}.{key}") for key, item in value.items()}
    return value


def _with_law(record: Any, keys: str, law: Any, laws: dict[str, Distribution]) -> Any:
    """Return a record with a law under a path of keys; where only a number fits, its centre."""
    from dataclasses import fields, replace

    key, _, rest = keys.partition(".")
    item = next(item for item in fields(record) if field_key(item) == key)
    if rest:
        below = getattr(record, item.name)
        if below is None:
            raise ValueError(f"uncertain figure '{keys}' has no '{key}' to stand in")
        return replace(record, **{item.name: _with_law(below, rest, law, laws)})
    if isinstance(law, Distribution) and not takes_law(type(record), item.name):
        laws[keys] = law
        law = law.central()
    return replace(record, **{item.name: law})


def _uncertain_elsewhere(parts: Parts, laws: dict[str, Distribution], problems: Problems) -> None:
    """Take uncertain stocks; figures of the network and of interventions were taken where they stand."""
    for path, reading in parts.uncertain.items():
        if path.startswith("initial_state."):
            law = reading.number()
            if isinstance(law, Distribution):
                laws[path] = law


def _mentions(node: Node, names: Collection[str]) -> bool:
    return bool(names) and any(part.text in names for part in walk(node))


def _look_for_effects(
    item: Node, where: str, record: Intervention, network: Network, problems: Problems
) -> None:
    """Refuse an intervention that cannot act in this network or touches nothing, in any of its futures."""
    for future in (record, *(record.with_branch(branch.name) for branch in record.branches)):
        try:
            touched = future.touches(network)
        except ValueError as error:
            problems.add(f"{where}: {str(error).removeprefix(f'{record.id}: ')}", item.mark, key=where)
            return
        if not any(touched.values()):
            node = item.get("id") or item
            problems.add(
                f"{where} touches nothing in {network.name}: its scope holds nothing",
                node.mark,
                key=where,
                given=record.id,
                hint="`sim show network` lists the sites; "
                "a new site, line or lane under `sites:`, `lines:`, `lanes:` counts too",
            )
            return
        for text in future.problems(network):
            problems.add(f"{where}: {text.removeprefix(f'{record.id}: ')}", item.mark, key=where)
