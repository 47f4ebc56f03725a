"""Open licences of `initial_state:` to records: which lanes, under which rule, since when and until when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from sim.case import OpenLicence
from sim.domain import Distribution, Lane, Network
from sim.interventions import ExportLicence, Intervention
from sim.interventions.scope import lanes_in_scope
from sim.scenario.document import STATES
from sim.scenario.syntax import Node, Problems
from sim.scenario.validate import locate
from sim.units import did_you_mean

GRANTED, APPLIED = STATES


class LicenceReader:
    """Looks up what open licences name."""

    def __init__(
        self,
        node: Node,
        network: Network,
        interventions: Sequence[Intervention],
        start: date | None,
        laws: dict[str, Distribution],
        problems: Problems,
    ) -> None:
        self.node, self.network, self.start = node, network, start
        self.rules = {item.id: item for item in interventions if isinstance(item, ExportLicence)}
        self.others = {item.id for item in interventions} - set(self.rules)
        self.laws, self.problems = laws, problems

    def read(self, entries: Sequence[Any]) -> tuple[OpenLicence, ...]:
        """Return the licences that can be understood; what is wrong with the others is noted."""
        found = []
        for number, entry in enumerate(entries):
            licence = self._one(number, entry)
            if licence is not None:
                found.append(licence)
        return tuple(found)

    def _note(self, number: int, key: str, message: str, **parts: str) -> None:
        node = locate(self.node, ("licences", number, key) if key else ("licences", number))
        self.problems.add(
            message, node.mark, key=f"initial_state.licences[{number}].{key}".rstrip("."), **parts
        )

    def _one(self, number: int, entry: Any) -> OpenLicence | None:
        lanes = self._lanes(number, entry)
        rule = self._rule(number, entry, lanes) if lanes else None
        if rule is None:
            return None
        licensed = {lane.lane_id for lane in rule.licensed(self.network)}
        lanes = tuple(lane for lane in lanes if lane.lane_id in licensed)
        amount = self._amount(number, entry, lanes)
        if amount is None or not self._is_dated(number, entry, rule):
            return None
        day = 0 if entry.date is None or self.start is None else (entry.date - self.start).days
        return OpenLicence(
            rule=rule.id,
            lanes=tuple(lane.lane_id for lane in lanes),
            quantity=amount,
            is_granted=entry.state == GRANTED,
            day=day,
            until=self._until(entry, rule, day),
        )

    def _lanes(self, number: int, entry: Any) -> tuple[Lane, ...]:
        """Return the lanes that a row names, by id or by scope."""
        scope = [key for key in ("from", "to", "materials") if getattr(entry, f"{key}_", ())]
        if (entry.lane is None) == (not scope):
            self._note(
                number, "lane" if entry.lane is not None else "",
                "an open licence names a lane, or where from, where to and what",
                hint="keep one of them" if scope else "add `lane:`, or `from:`, `to:` and `materials:`",
            )  # fmt: skip
            return ()
        if entry.lane is not None:
            if entry.lane in self.network.lanes:
                return (self.network.lanes[entry.lane],)
            hint = did_you_mean(entry.lane, tuple(self.network.lanes))
            self._note(number, "lane", f"lane '{entry.lane}' does not exist", given=entry.lane, hint=hint)
            return ()
        try:
            lanes = lanes_in_scope(self.network, entry.from_, entry.to_, entry.materials_, domestic=False)
        except ValueError as error:
            self._note(number, scope[0], str(error))
            return ()
        if not lanes:
            self._note(number, scope[0], f"no lane of {self.network.name} that crosses a border is meant")
        return lanes

    def _rule(self, number: int, entry: Any, lanes: Sequence[Lane]) -> ExportLicence | None:
        """Return the rule a licence is under: the one it names, or the only one of its lanes."""
        names = {lane.lane_id for lane in lanes}
        fitting = {
            name: rule for name, rule in self.rules.items()
            if names & {lane.lane_id for lane in rule.licensed(self.network)}
        }  # fmt: skip
        if entry.rule is None:
            if len(fitting) != 1:
                what = "more than one rule licenses" if fitting else "no rule licenses"
                hint = "add `rule:`" if fitting else "name one in `rules_in_force:`, or impose one"
                self._note(number, "", f"{what} what is named here", allowed=", ".join(fitting), hint=hint)
                return None
            return next(iter(fitting.values()))
        if entry.rule in fitting:
            return fitting[entry.rule]
        if entry.rule in self.rules:
            message = f"needs no licence under '{entry.rule}'"
        elif entry.rule in self.others:
            message = f"'{entry.rule}' is no export_licence"
        else:
            message = f"rule '{entry.rule}' does not exist"
        hint = did_you_mean(entry.rule, tuple(self.rules))
        self._note(number, "rule", message, given=entry.rule, hint=hint, allowed=", ".join(self.rules))
        return None

    def _amount(self, number: int, entry: Any, lanes: Sequence[Lane]) -> float | None:
        units = {self.network.materials[lane.material].unit for lane in lanes}
        if units != {entry.quantity.of}:
            given = locate(self.node, ("licences", number, "quantity")).text
            self._note(
                number, "quantity", f"what is named here is counted in {'s and '.join(sorted(units))}s",
                given=given, allowed="500 units" if units == {"unit"} else "170 t, 3 kg",
            )  # fmt: skip
            return None
        amount = entry.quantity.number()
        if isinstance(amount, Distribution):
            self.laws[f"initial_state.licences.{number}"] = amount
            return float(amount.central())
        return float(amount)

    def _is_dated(self, number: int, entry: Any, rule: ExportLicence) -> bool:
        """Check the dates of a licence against the day it is open on and against its rule."""
        if self.start is None:
            return False
        if rule.start is None or rule.start > self.start:
            begins = f"begins on {rule.start}" if rule.start is not None else "begins as a reaction"
            self._note(
                number, "rule" if entry.rule is not None else "",
                f"'{rule.id}' {begins}, after the scenario starts: nothing is open under it on {self.start}",
            )  # fmt: skip
            return False
        lapses = entry.until is None and rule.validity_days < math.inf
        if entry.date is None and (entry.state == APPLIED or lapses):
            self._note(number, "", "an open licence lacks 'date'", hint="add the day it was filed or granted")
            return False
        if entry.date is not None and entry.date > self.start:
            given, allowed = str(entry.date), f"{self.start} or earlier"
            message = f"a licence that is open on {self.start} is not of {given}"
            self._note(number, "date", message, given=given, allowed=allowed)
            return False
        return entry.until is None or self._is_end(number, entry, rule, self.start)

    def _is_end(self, number: int, entry: Any, rule: ExportLicence, start: date) -> bool:
        """Check until when a licence is said to be valid: licences are used as they end."""
        given = str(entry.until)
        if entry.state == APPLIED:
            message = "an application is valid until no day"
            self._note(number, "until", message, given=given, hint="take it out")
            return False
        if entry.until <= start:
            message, allowed = f"a licence that is open on {start} does not end on {given}", f"after {start}"
        elif (entry.until - start).days > rule.validity_days:
            message = f"'{rule.id}' lets a licence be valid for {rule.validity_days:g} d"
            allowed = "no later than a licence that is granted on the first day"
        else:
            return True
        self._note(number, "until", message, given=given, allowed=allowed)
        return False

    def _until(self, entry: Any, rule: ExportLicence, day: int) -> int | None:
        if entry.state != GRANTED:
            return None
        if entry.until is not None and self.start is not None:
            return int((entry.until - self.start).days)
        return None if math.isinf(rule.validity_days) else max(math.ceil(day + rule.validity_days), 0)
