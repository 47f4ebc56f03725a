"""Amounts and lists as the paragraph that says why writes them."""

from __future__ import annotations


def amount_text(amount: float, unit: str) -> str:
    """Write an amount with its unit.

    Examples
    --------
    >>> amount_text(1234.4, "tonne"), amount_text(0.256, "tonne"), amount_text(51200.0, "unit")
    ('1,234 t', '0.26 t', '51,200 units')
    """
    number = f"{amount:,.0f}" if amount >= 10.0 else f"{amount:.2g}"
    return f"{number} t" if unit == "tonne" else f"{number} units"


def listed(parts: list[str]) -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> listed(["ore", "oxide", "metal"])
    'ore, oxide and metal'
    """
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
