"""What single fields cannot know: dates in order, futures that sum to one, reactions without circles.

Works on the tree rather than on typed parts, so that an intervention with one unreadable field still
has its dates checked.
"""

from __future__ import annotations

from datetime import date, timedelta

from sim.scenario.compose import override
from sim.scenario.readings import ReadingError, read_figure
from sim.scenario.syntax import Mark, Node, Problems
from sim.units import UnitError, did_you_mean, iso_date

WEIGHT_TOLERANCE = 1e-6
MILESTONES = ("announced", "start", "end")


def check(root: Node, problems: Problems, warnings: Problems) -> None:
    """Check dates, branches and reactions of all interventions, and the scenario's own window."""
    listed = root.get("interventions")
    everything = listed.value if listed is not None and listed.is_list else []
    items = [item for item in everything if item.is_mapping]
    places = {id(item): f"interventions[{number}]" for number, item in enumerate(everything)}
    window = window_of(root)
    _twins(items, problems)
    for item in items:
        where = places[id(item)]
        _dates(item, where, problems, warnings)
        _branches(item, where, problems, warnings)
        if window is not None:
            _against_window(item, where, window, warnings)
    _reactions(items, places, problems)
    _runway_from(root, window, problems)
    if not _is_text(root.get("question")):
        warnings.add(
            "the scenario asks no question", Mark(root.mark.file), key="question", hint="add `question:`"
        )


def date_of(node: Node | None) -> date | None:
    """Return a node's date, or None if it has none that can be read."""
    try:
        return iso_date(node.value) if node is not None else None
    except UnitError:
        return None


def window_of(root: Node) -> tuple[date, date] | None:
    """Return the first day of a scenario and the first day after it, or None if they cannot be read."""
    start, horizon = date_of(root.get("start")), root.get("horizon")
    if start is None or horizon is None:
        return None
    try:
        days = read_figure(horizon.plain(), "duration").number()
        return start, start + timedelta(days=float(days))  # type: ignore[arg-type]
    except (ReadingError, ValueError, TypeError, OverflowError):
        return None


def _twins(items: list[Node], problems: Problems) -> None:
    seen: dict[str, Mark] = {}
    for item in items:
        node = item.get("id")
        if node is None or not isinstance(node.value, str):
            continue
        if node.value in seen:
            problems.add(
                f"two interventions are called '{node.value}'; the other is in line {seen[node.value].line}",
                node.mark,
                key="id",
                given=node.value,
                hint="give each its own id",
            )
        seen.setdefault(node.value, node.mark)
        if "." in node.value:
            problems.add(
                f"id '{node.value}' has a dot, which paths use",
                node.mark,
                key="id",
                given=node.value,
                allowed="letters, digits and underscores",
            )


def _dates(item: Node, where: str, problems: Problems, warnings: Problems) -> None:
    begin, after = item.get("start"), item.get("after")
    if begin is None and after is None and not problems.speak_of(f"{where}.start"):
        problems.add(
            f"{where} has no 'start'",
            item.mark,
            key=f"{where}.start",
            hint="add `start: 2025-06-13`, or `after:` to react to another intervention",
        )
    elif begin is not None and after is not None:
        problems.add(
            f"{where}: 'start' and 'after' both say when it begins",
            after.key_mark or after.mark,
            key=f"{where}.after",
            hint="keep one of them",
        )
    end, duration = item.get("end"), item.get("duration")
    if end is not None and duration is not None:
        problems.add(
            f"{where}: 'end' and 'duration' both say when it ends",
            duration.key_mark or duration.mark,
            key=f"{where}.duration",
            hint="keep one of them",
        )
    _in_order(item, where, ("announced", "start", "end"), problems)
    if date_of(begin) is not None and date_of(begin) == date_of(end):
        assert end is not None
        warnings.add(f"{where} ends on the day it starts and does nothing", end.mark, key=f"{where}.end")
    _pauses(item, where, problems, warnings)
    _steps(item, where, problems)


def _in_order(item: Node, where: str, names: tuple[str, ...], problems: Problems) -> None:
    """Refuse a date that comes before the one named before it."""
    earlier: tuple[str, date] | None = None
    for name in names:
        node = item.get(name)
        day = date_of(node)
        if node is None or day is None:
            continue
        if earlier is not None and day < earlier[1]:
            problems.add(
                f"{where}.{name} is {day}, before its '{earlier[0]}' {earlier[1]}",
                node.mark,
                key=f"{where}.{name}",
                given=node.text,
                allowed=f"{earlier[1]} or later",
            )
        earlier = (name, day)


def _items(item: Node, key: str) -> list[Node]:
    node = item.get(key)
    return [part for part in node.value if part.is_mapping] if node is not None and node.is_list else []


def _pauses(item: Node, where: str, problems: Problems, warnings: Problems) -> None:
    begin, last = date_of(item.get("start")), None
    for number, pause in enumerate(_items(item, "pauses")):
        at = f"{where}.pauses[{number}]"
        _in_order(pause, at, ("announced", "from", "to"), problems)
        first = date_of(pause.get("from"))
        node = pause.get("from")
        if first is None or node is None:
            continue
        if begin is not None and first < begin:
            warnings.add(
                f"{at} begins before its intervention starts on {begin}", node.mark, key=f"{at}.from"
            )
        if last is not None and first < last:
            problems.add(
                f"{at}.from is {first}, before the end of the pause above it, {last}",
                node.mark,
                key=f"{at}.from",
                given=node.text,
                allowed=f"{last} or later",
            )
        last = date_of(pause.get("to")) or last


def _steps(item: Node, where: str, problems: Problems) -> None:
    last = date_of(item.get("start"))
    for number, step in enumerate(_items(item, "steps")):
        node = step.get("from")
        day = date_of(node)
        if day is None or node is None:
            continue
        if last is not None and (day < last or (number > 0 and day == last)):
            problems.add(
                f"{where}.steps[{number}].from is {day}, not after {last}",
                node.mark,
                key=f"{where}.steps[{number}].from",
                given=node.text,
                allowed="dates that rise, none before the start",
            )
        last = day


def _branches(item: Node, where: str, problems: Problems, warnings: Problems) -> None:
    total, is_complete = 0.0, True
    branches = _items(item, "branches")
    names: set[str] = set()
    for number, branch in enumerate(branches):
        at = f"{where}.branches[{number}]"
        weight = branch.get("weight")
        try:
            total += float(read_figure(weight.plain(), "share").number()) if weight is not None else 0.0  # type: ignore[arg-type]
        except (ReadingError, TypeError, ValueError):
            is_complete = False
        is_complete = is_complete and weight is not None
        name = branch.get("name")
        if name is not None and str(name.value) in names:
            problems.add(f"{at}: two branches are called '{name.value}'", name.mark, key=f"{at}.name")
        names.add(str(name.value) if name is not None else "")
        future = override(item, branch)
        future.value.pop("branches", None)
        _dates(future, at, problems, warnings)
    node = item.get("branches")
    if branches and is_complete and abs(total - 1.0) > WEIGHT_TOLERANCE and node is not None:
        problems.add(
            f"{where}: the weights of its branches sum to {total:g}, not 1",
            node.key_mark or node.mark,
            key=f"{where}.branches",
            given=f"{total:g}",
            allowed="weights that sum to 1",
        )


def _against_window(item: Node, where: str, window: tuple[date, date], warnings: Problems) -> None:
    begin, end = item.get("start"), item.get("end")
    first, last = date_of(begin), date_of(end)
    if first is not None and begin is not None and first >= window[1]:
        warnings.add(
            f"{where} starts on {first}, after the scenario ends on {window[1]}",
            begin.mark,
            key=f"{where}.start",
            given=begin.text,
            hint="a longer `horizon:` would show it",
        )
    if last is not None and end is not None and last <= window[0]:
        warnings.add(
            f"{where} ends on {last}, before the scenario starts on {window[0]}",
            end.mark,
            key=f"{where}.end",
            given=end.text,
        )


def _reactions(items: list[Node], places: dict[int, str], problems: Problems) -> None:
    """Check that `after` names another intervention and a milestone, and that no circle arises."""
    ids = {str(node.value): item for item in items if (node := item.get("id")) is not None}
    leads: dict[str, str] = {}
    for item in items:
        after, where = item.get("after"), places[id(item)]
        node = after.get("id") if after is not None else None
        if after is None or node is None:
            continue
        if str(node.value) not in ids:
            problems.add(
                f"{where}.after.id: intervention '{node.value}' does not exist",
                node.mark,
                key=f"{where}.after.id",
                given=node.text,
                hint=did_you_mean(node.text, ids),
                allowed=", ".join(ids),
            )
        own = item.get("id")
        leads[str(own.value) if own is not None else ""] = str(node.value)
        stone = after.get("milestone")
        if stone is not None and stone.value not in MILESTONES:
            problems.add(
                f"{where}.after.milestone: {stone.text!r} is not a milestone",
                stone.mark,
                key=f"{where}.after.milestone",
                given=stone.text,
                hint=did_you_mean(stone.text, MILESTONES),
                allowed=", ".join(MILESTONES),
            )
    _circles(leads, ids, problems)


def _circles(leads: dict[str, str], ids: dict[str, Node], problems: Problems) -> None:
    reported: set[str] = set()
    for name in leads:
        chain = [name]
        while chain[-1] in leads and leads[chain[-1]] not in chain:
            chain.append(leads[chain[-1]])
        back = leads.get(chain[-1])
        if back is None or back not in chain or reported & set(chain):
            continue
        circle = [*chain[chain.index(back) :], back]
        reported |= set(circle)
        after = ids[back].get("after")
        mark = after.key_mark if after is not None else None
        problems.add(f"reactions go in a circle: {' after '.join(circle)}", mark, key="after")


def _runway_from(root: Node, window: tuple[date, date] | None, problems: Problems) -> None:
    node = root.get("runway_from")
    day = date_of(node)
    if node is not None and day is not None and window is not None and not window[0] <= day < window[1]:
        problems.add(
            f"runway_from is {day}, outside the scenario's window",
            node.mark,
            key="runway_from",
            given=node.text,
            allowed=f"{window[0]} to {window[1]}",
        )


def _is_text(node: Node | None) -> bool:
    return node is not None and isinstance(node.value, str)
