"""``--set a.b=v``: one value of a composed scenario is replaced, items of a list are found by `id`."""

from __future__ import annotations

from sim.errors import ScenarioError
from sim.scenario.compose import figure_paths
from sim.scenario.document import FILES, TOP_LEVEL
from sim.scenario.syntax import Mark, Node, make_problem, parse_value
from sim.units import did_you_mean


def apply_setting(root: Node, setting: str) -> None:
    """Replace one value in place.

    Parameters
    ----------
    setting
        ``path=value``, such as ``sites.toyota_japan.cover=60 d`` or ``interventions.stop.start=2025-07-01``.
        An empty value takes the key out.

    Raises
    ------
    ScenarioError
        If it has no ``=``, or its path leads nowhere.
    """
    origin = f"--set {setting}"
    path, equals, text = setting.partition("=")
    keys = [key.strip() for key in path.strip().split(".")]
    if not equals or not all(keys):
        allowed = "--set path=value, such as --set sites.toyota_japan.cover='60 d'"
        raise ScenarioError(
            make_problem("has no path and value", Mark(origin), given=setting, allowed=allowed)
        )
    _check_top(keys[0], origin)
    value = parse_value(text.strip(), origin)
    if keys[0] == "uncertain" and len(keys) > 1:
        keys = ["uncertain", ".".join(keys[1:])]
    holder = root
    for number, key in enumerate(keys[:-1]):
        holder = _step(holder, key, ".".join(keys[:number]), origin)
    _put(holder, keys[-1], value, ".".join(keys[:-1]), origin)
    _forget(root, value, keys)


def _check_top(key: str, origin: str) -> None:
    known = [name for name in TOP_LEVEL if name not in FILES]
    if key in FILES:
        raise ScenarioError(
            make_problem(f"'{key}' composes files and cannot be set from outside", Mark(origin), given=key)
        )
    if key not in known:
        raise ScenarioError(
            make_problem(
                f"'{key}' is not a key of a scenario",
                Mark(origin),
                given=key,
                key=key,
                hint=did_you_mean(key, known),
                allowed=", ".join(known),
            )
        )


def _step(holder: Node, key: str, above: str, origin: str) -> Node:
    if holder.is_list:
        return holder.value[_position(holder, key, above, origin)]  # type: ignore[no-any-return]
    if holder.is_mapping and above == "" and key == "interventions" and key not in holder.value:
        holder.value[key] = Node([], Mark(origin), Mark(origin))
    if not holder.is_mapping:
        raise ScenarioError(
            make_problem(f"'{above}' is a single value and has no '{key}' in it", Mark(origin), given=key)
        )
    below = holder.get(key)
    if below is None:
        below = Node({}, Mark(origin), Mark(origin))
        holder.value[key] = below
    elif isinstance(below.value, str | int | float | bool):
        # `cover: 30 d` may become `cover: {traction_motor: ...}`
        holder.value[key] = below = Node({}, Mark(origin), Mark(origin))
    return below


def _put(holder: Node, key: str, value: Node, above: str, origin: str) -> None:
    if holder.is_list:
        holder.value[_position(holder, key, above, origin)] = value
    elif value.value is None:
        holder.value.pop(key, None)
    else:
        holder.value[key] = value


def _position(holder: Node, key: str, above: str, origin: str) -> int:
    """Return the index of the list item that a key names by id, name or number."""
    names: list[str] = []
    for number, item in enumerate(holder.value):
        found = item.get("id") or item.get("name")
        names.append(found.text if found is not None else str(number))
        if key == names[-1] or key == str(number):
            return number
    raise ScenarioError(
        make_problem(
            f"'{key}' is not in {above}",
            Mark(origin),
            given=key,
            key=above,
            hint=did_you_mean(key, names),
            allowed=", ".join(names) or "the list is empty",
        )
    )


def _forget(root: Node, value: Node, keys: list[str]) -> None:
    """Let a value that is set here win over an `uncertain:` entry for the same figure."""
    uncertain = root.get("uncertain")
    if uncertain is None or not uncertain.is_mapping or keys[0] == "uncertain":
        return
    for path in figure_paths(value, ".".join(keys)):
        uncertain.value.pop(path, None)
