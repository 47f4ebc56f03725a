"""The windows of a quota: stated one by one, or repeated from the start."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sim.interventions.base import Intervention, World
from sim.interventions.instructions import Allow, Instruction, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A quota for `[start, end)`."""

    start: date = field(metadata={"alias": "from", "doc": "first day of the window"})
    end: date = field(metadata={"alias": "to", "doc": "first day after it"})
    quantity: float = field(metadata={"unit": "quantity", "doc": "what may be shipped or made within it"})

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"windows: {self.end} is not after {self.start}")
        if self.quantity < 0.0:
            raise ValueError(f"windows: quantity is {self.quantity:g}; it is not negative")


@dataclass(frozen=True, slots=True)
class Span:
    """A window as days of a scenario."""

    first: float
    until: float
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota(Intervention):
    """What quotas have in common: windows, each with its quantity, and one lever that says how they bind."""

    windows: tuple[Window, ...] = field(default=(), metadata={"doc": "windows stated one by one"})
    window_days: float | None = field(
        default=None, metadata={"alias": "window", "unit": "duration", "doc": "length of repeated windows"}
    )
    quantity: float | None = field(
        default=None, metadata={"unit": "quantity", "doc": "what each repeated window allows"}
    )

    def __post_init__(self) -> None:
        Intervention.__post_init__(self)
        check_windows(self.id, self.windows, self.window_days, self.quantity)

    def allowed(self, world: World, span: Span) -> Iterator[Allow]:
        """Return who may ship or make how much within a window."""
        raise TypeError(f"{type(self).__name__} does not say what a window allows")

    def apply(self, world: World, level: float) -> Iterator[Instruction]:
        """Say how strongly the quota binds."""
        (lever,) = self.levers
        yield Turn(lever, self.rows(world)[lever], level)

    def _events(
        self, world: World, start_day: float, end_day: float
    ) -> Iterator[tuple[float, int, float | Instruction]]:
        yield from Intervention._events(self, world, start_day, end_day)
        if not any(level > 0.0 for _, level in self.profile(world, start_day)):
            return
        for span in spans(world, start_day, end_day, self.windows, self.window_days, self.quantity):
            yield from ((span.first, -1, rule) for rule in self.allowed(world, span))


def spans(
    world: World,
    start_day: float,
    end_day: float,
    stated: tuple[Window, ...],
    window_days: float | None,
    quantity: float | None,
) -> Iterator[Span]:
    """Yield the windows in force between two days, in order, and those without a limit between them.

    Parameters
    ----------
    window_days, quantity
        Length and quantity of windows that follow each other from `start_day`, where none are stated.

    A window that had begun before the scenario did has left what falls on its remaining days.
    """
    last = min(end_day, world.horizon_days)
    covered = start_day
    if window_days is not None and quantity is not None:
        windows = _repeated(start_day, last, window_days, quantity)
    else:
        windows = _stated(world, stated)
    for span in windows:
        if span.until <= max(start_day, 0.0) or span.first >= last:
            continue
        if span.first > covered:
            yield Span(covered, span.first, math.inf)
        first = max(span.first, start_day)
        left = span.until / (span.until - first) if first < 0.0 else 1.0
        yield Span(max(first, 0.0), span.until, span.quantity * left)
        covered = span.until
    if covered < last:
        yield Span(covered, math.inf, math.inf)


def _repeated(start_day: float, last: float, days: float, quantity: float) -> Iterator[Span]:
    count = 0
    while start_day + count * days < last:
        first = start_day + count * days
        yield Span(math.floor(first), math.floor(first + days), quantity)
        count += 1


def _stated(world: World, windows: tuple[Window, ...]) -> Iterator[Span]:
    for window in sorted(windows, key=lambda window: window.start):
        yield Span(world.day(window.start), world.day(window.end), window.quantity)


def check_windows(
    owner: str, stated: tuple[Window, ...], window_days: float | None, quantity: float | None
) -> None:
    """Refuse windows that overlap, none at all, or both forms at once.

    Raises
    ------
    ValueError
        With what is wrong and what is allowed.
    """
    if (window_days is None) != (quantity is None):
        raise ValueError(f"{owner}: `window` and `quantity` go together")
    if bool(stated) == (quantity is not None):
        raise ValueError(f"{owner}: give either `windows`, or `window` and `quantity`")
    if window_days is not None and window_days < 1.0:
        raise ValueError(f"{owner}: a window of {window_days:g} d is shorter than a day")
    if quantity is not None and quantity < 0.0:
        raise ValueError(f"{owner}: quantity is {quantity:g}; it is not negative")
    ordered = sorted(stated, key=lambda window: window.start)
    for before, after in itertools.pairwise(ordered):
        if after.start < before.end:
            raise ValueError(f"{owner}: the windows from {before.start} and from {after.start} overlap")
