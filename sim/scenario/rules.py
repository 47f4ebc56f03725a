"""Rules in force on day 0: measures of `policy/actual.yaml`, or the scenario's own, that began before it."""

from __future__ import annotations

from sim.scenario.actual import latest_end
from sim.scenario.check import date_of
from sim.scenario.compose import ACTUAL_POLICY
from sim.scenario.library import folder
from sim.scenario.names import names_of
from sim.scenario.syntax import Node, Problems, read
from sim.units import did_you_mean


def take_rules(root: Node, problems: Problems) -> None:
    """Add the measures that `initial_state.rules_in_force` names to the interventions of a composed tree.

    A measure of the list of actual policy is taken over as it stands there; an intervention of the
    scenario stays as it is. Both are background: they were there before the scenario asked its question.
    """
    state = root.get("initial_state")
    node = state.get("rules_in_force") if state is not None else None
    if node is None:
        return
    own = {_id_of(item): item for item in _listed(root)}
    actual = {_id_of(item): item for item in _listed(read(folder().joinpath(*ACTUAL_POLICY)))}
    for place, name in names_of(node):
        if name not in own and name not in actual:
            problems.add(
                f"initial_state.rules_in_force: '{name}' is no intervention, here or in policy/actual.yaml",
                place.mark, key="initial_state.rules_in_force", given=name,
                hint=did_you_mean(name, (*own, *actual)), allowed="an intervention of `sim list policy`",
            )  # fmt: skip
            continue
        item = own.get(name) or actual[name]
        if _is_in_force(item, name, place, root, problems) and name not in own:
            _append(root, item, place)


def _is_in_force(item: Node, name: str, place: Node, root: Node, problems: Problems) -> bool:
    """Note a measure that had not begun on day 0, or was over."""
    day, begin, end = date_of(root.get("start")), date_of(item.get("start")), latest_end(item)
    if day is None:
        return False
    if begin is not None and begin <= day and (end is None or end > day):
        return True
    if begin is None:
        why = "begins as a reaction"
    elif begin > day:
        why = f"begins on {begin}"
    else:
        why = f"had ended by {end}"
    problems.add(
        f"initial_state.rules_in_force: '{name}' is not in force on {day}: it {why}",
        place.mark, key="initial_state.rules_in_force", given=name,
        hint="take it out; what begins later stands under `interventions:`",
    )  # fmt: skip
    return False


def _append(root: Node, item: Node, place: Node) -> None:
    listed = root.get("interventions")
    if listed is None:
        root.value["interventions"] = Node([item], place.mark, place.mark)
    elif listed.is_list:
        listed.value.append(item)


def _listed(root: Node) -> list[Node]:
    listed = root.get("interventions")
    return [item for item in listed.value if item.is_mapping] if listed is not None and listed.is_list else []


def _id_of(item: Node) -> str:
    node = item.get("id")
    return node.value if node is not None and isinstance(node.value, str) else ""
