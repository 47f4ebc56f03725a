"""Pieces of HTML. All text goes through `escaped`, so that no text becomes markup or an address."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

RULES = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
LONG, LONG_CHARACTERS = ' class="long"', 15
"""Cells of more characters than this get room, so that a row is not twenty lines high."""
SHEET = Path(__file__).with_name("page.css")
MARK = '<meta name="generator" content="sim report">'
"""By this line a file is known as a report, which another may replace."""


def escaped(value: object) -> str:
    """Return text for HTML; an address is shown as it is but is none to a program that looks for one.

    Examples
    --------
    >>> escaped("a < b, see https://example.org")
    'a &lt; b, see https&#58;//example.org'
    """
    return escape(str(value)).replace("://", "&#58;//")


def paragraph(value: object, kind: str = "") -> str:
    """Return a paragraph; empty text gives nothing."""
    if not str(value):
        return ""
    return f'<p class="{kind}">{escaped(value)}</p>' if kind else f"<p>{escaped(value)}</p>"


def bullets(items: Iterable[object]) -> str:
    """Return a list; without items nothing."""
    inside = "".join(f"<li>{escaped(item)}</li>" for item in items)
    return f"<ul>{inside}</ul>" if inside else ""


def code(text: str) -> str:
    """Return text as it stands, in lines that wrap."""
    return f"<pre>{escaped(text.rstrip())}</pre>"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """Return a table that scrolls in its own box; numbers stand right, a never is a dash.

    A column is one of numbers if no cell of it is a word.
    """
    cells = [[_text(value) for value in row] for row in rows]
    right = [all(_is_number(row[i]) for row in cells) for i in range(len(head))] if cells else []
    if not cells:
        return ""
    kinds = [' class="number"' if is_right else "" for is_right in right]
    top = _row('th scope="col"', head, kinds)
    body = "".join(_row("td", row, kinds) for row in cells)
    title = f"<caption>{escaped(caption)}</caption>" if caption else ""
    # Focus lets a keyboard scroll what is wider than the page.
    return (
        f'<div class="wide" tabindex="0"><table>{title}<thead>{top}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(tag: str, cells: Sequence[str], kinds: Sequence[str]) -> str:
    end = tag.partition(" ")[0]
    inside = (
        f"<{tag}{LONG if len(cell) > LONG_CHARACTERS and not kind else kind}>{escaped(cell)}</{end}>"
        for cell, kind in zip(cells, kinds, strict=True)
    )
    return f"<tr>{''.join(inside)}</tr>"


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return value.isoformat() if isinstance(value, date) else str(value)


def _is_number(text: str) -> bool:
    digits = sum(letter.isdigit() for letter in text)
    words = sum(letter.isalpha() for letter in text)
    return text == "-" or (digits > 0 and words <= 2)


def section(anchor: str, title: str, *parts: str, level: int = 2) -> str:
    """Return a section with its heading; parts are HTML, empty ones are left out."""
    inside = "\n".join(part for part in parts if part)
    return (
        f'<section id="{escaped(anchor)}"><h{level}>{escaped(title)}</h{level}>\n{inside}\n</section>'
        if inside
        else ""
    )


def page(title: str, contents: Sequence[tuple[str, str]], parts: Iterable[str]) -> str:
    """Return the whole file.

    Parameters
    ----------
    contents
        (anchor, heading) of the list at the top.
    """
    links = "".join(f'<li><a href="#{escaped(anchor)}">{escaped(name)}</a></li>' for anchor, name in contents)
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{MARK}\n'
        # Whatever a page holds, a browser then neither fetches anything for it nor runs a script of it.
        f'<meta http-equiv="Content-Security-Policy" content="{RULES}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Without an icon of its own a browser asks the server of the page for one.
        '<link rel="icon" href="data:,">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{SHEET.read_text(encoding='utf-8')}</style>\n</head>\n"
        f'<body>\n<main>\n<h1>{escaped(title)}</h1>\n<nav aria-label="contents"><ol>{links}</ol></nav>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )
