"""A small closed grammar: templates of sentences, and the sentence that one condition is.

A template is text with words in capitals for what varies and brackets around what may be left out:
``no oem [in PLACE] stops [within DAYS d]``. Owns reading only; what a sentence means is in `must_hold`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, TypeVar

_NUMBER = r"[+-]?\d+(?:[.,]\d+)*"
WORDS = {
    "PLACE": r"[a-z][\w .-]*?",
    "COUNTRY": r"[a-z][\w .-]*?",
    "DESTINATION": r"[a-z][\w .-]*?",
    "ORIGIN": r"[a-z][\w .-]*?",
    "SITE": r"[a-z]\w*",
    "MATERIAL": r"[a-z]\w*",
    "GOODS": r"[a-z]\w*(?: and [a-z]\w*)*",
    "ROUTE": r"[a-z]\w*",
    "ELEMENT": r"[a-z]\w*",
    "USE": r"civil|military",
    "FIGURE": r"static|pipeline|realised",
    "OP": r">=|<=|=|<|>",
    "TREND": r"rises|falls",
    "MEASURE": r"[a-z]\w*",
    "AMOUNT": rf"\d{{4}}-\d\d-\d\d|{_NUMBER}(?: (?:d|%))?",
    "TEXT": r'"[^"]*"',
    **dict.fromkeys(("FIRST", "LAST", "DATE"), r"\d{4}-\d\d-\d\d"),
    **dict.fromkeys(("MONTH", "EARLIER"), r"\d{4}-\d\d"),
    **dict.fromkeys(("DAYS", "LOW", "HIGH", "TONNES", "PERCENT", "TOLERANCE"), _NUMBER),
}
"""What each word in capitals stands for."""

Meaning = TypeVar("Meaning", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Sentence(Generic[Meaning]):
    """One template with its meaning."""

    template: str
    pattern: re.Pattern[str]
    meaning: Meaning
    any_site: bool = False
    """The site it names need not be one whose line is reported."""
    of_replications: bool = False
    """It cannot be checked on a single history."""


def compile_template(template: str) -> re.Pattern[str]:
    """Return the pattern of a template.

    Examples
    --------
    >>> compile_template("SITE stops [within DAYS d]").fullmatch("byd stops within 9 d")["days"]
    '9'
    """
    out = []
    for part in re.split(r"( \[|\]|\b[A-Z]{2,}\b)", template):
        if part == " [":
            out.append("(?: ")
        elif part == "]":
            out.append(")?")
        elif part in WORDS:
            out.append(f"(?P<{part.lower()}>{WORDS[part]})")
        else:
            out.append(re.escape(part))
    return re.compile("".join(out), re.IGNORECASE)


def tidy(text: str) -> str:
    """Return a condition with one way to write spaces, per cent, days and plus-minus.

    Examples
    --------
    >>> tidy("share = 92%  ± 1 %  within 180d")
    'share = 92 % +- 1 % within 180 d'
    """
    text = " ".join(text.replace("±", "+-").split())
    text = re.sub(r"(\d)\s*(%|d\b)", r"\1 \2", text)
    return re.sub(r"\+-\s*(\d)", r"+- \1", text)


def number(text: str) -> float:
    """Return a number that may have thousands separated by commas."""
    return float(text.replace(",", ""))


def find(
    text: str, sentences: Iterable[Sentence[Meaning]], also: Iterable[str]
) -> tuple[Sentence[Meaning], dict[str, str]]:
    """Return the sentence that a condition is and what its words are.

    Raises
    ------
    ValueError
        If no template fits; the message shows the nearest one.
    """
    known = list(sentences)
    for sentence in known:
        match = sentence.pattern.fullmatch(tidy(text))
        if match:
            return sentence, {key: value for key, value in match.groupdict().items() if value}
    # What may be left out would drown a slip in what was left in.
    shown = {re.sub(r" \[.*?\]", "", sentence.template): sentence.template for sentence in known}
    shown |= {condition: condition for condition in also}
    near = get_close_matches(tidy(text), sorted(shown), n=1, cutoff=0.5)
    hint = f"; did you mean {shown[near[0]]!r}?" if near else ""
    raise ValueError(f"condition {text!r} is not in the language of conditions{hint}")
