"""The arithmetic of a content rule by value, in exact decimals.

A good is listed or it is not; the listed inputs in it have a price and a share that comes from the
ruling country. The rule holds at the threshold and above: 0.1 % needs a licence, 0.0999 % does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

LIMBS = ("origin", "content", "technology")


@dataclass(frozen=True, slots=True)
class ListedInput:
    """A listed element in one kilogram of a good.

    Attributes
    ----------
    kilograms
        Mass of the element in one kilogram of the good [kg/kg].
    price
        Reference price [USD per kg of the element].
    share
        Part of it that the ruling country has mined, separated or worked [share].
    """

    element: str
    kilograms: Decimal
    price: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Good:
    """What crosses a border outside the ruling country.

    Attributes
    ----------
    is_listed
        Whether the rule names goods of this kind.
    price
        Reference price [USD/kg].
    by_technology, of_origin
        Made with the ruling country's technology; made there itself.
    """

    is_listed: bool
    price: Decimal
    inputs: tuple[ListedInput, ...] = ()
    by_technology: bool = False
    of_origin: bool = False


def listed_value_share(good: Good) -> Decimal:
    """Return the value of listed inputs from the ruling country over the value of the good.

    Raises
    ------
    ValueError
        If the good has no price above zero.

    Examples
    --------
    >>> dysprosium = ListedInput("dysprosium", Decimal("0.01"), Decimal("300"), Decimal("0.5"))
    >>> listed_value_share(Good(True, Decimal("60"), (dysprosium,)))
    Decimal('0.025')
    """
    if good.price <= 0:
        raise ValueError(f"a good of {good.price} USD/kg has no value to compare with")
    value = sum((item.kilograms * item.price * item.share for item in good.inputs), Decimal(0))
    return value / good.price


def limbs_that_hold(
    good: Good, threshold: Decimal, in_force: Sequence[str] = LIMBS
) -> tuple[str, ...]:
    """Return the limbs of the rule, among those in force, by which a good needs a licence."""
    if not good.is_listed:
        return ()
    found = {
        "origin": good.of_origin,
        "content": listed_value_share(good) >= threshold,
        "technology": good.by_technology,
    }
    return tuple(limb for limb in LIMBS if found[limb] and limb in in_force)


def in_force(on: date, starts: dict[str, date], pauses: Sequence[tuple[date, date]] = ()) -> tuple[str, ...]:
    """Return the limbs in force on a day: begun, and not paused (`[from, to)`)."""
    if any(first <= on < free for first, free in pauses):
        return ()
    return tuple(limb for limb in LIMBS if limb in starts and starts[limb] <= on)
