"""What a scenario asks of its result, entry by entry, at the place of each."""

from __future__ import annotations

from sim.promises import PROMISED, PROMISES
from sim.scenario.syntax import Node, Problems
from sim.scenario.world import World


def check_promises(root: Node, world: World | None, problems: Problems) -> None:
    """Note every condition and output that is not in the language, or names what the network lacks."""
    if PROMISES.check is None:
        return
    for key in PROMISED:
        for number, item in _texts(root.get(key)):
            if world is not None and any(name in item.value for name in world.pending):
                continue
            for found in PROMISES.check(key, item.value.strip(), world.network if world else None):
                problems.add(
                    found.message, item.mark, key=f"{key}[{number}]", given=found.given, hint=found.hint,
                    allowed=found.allowed,
                )  # fmt: skip


def _texts(node: Node | None) -> list[tuple[int, Node]]:
    if node is None:
        return []
    items = node.value if node.is_list else [node]
    return [(number, item) for number, item in enumerate(items) if isinstance(item.value, str)]
