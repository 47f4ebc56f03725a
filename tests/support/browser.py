"""A page in headless Chromium: what it asks for, complains of, how wide it is, and how it prints.

The browser is driven by its command line alone. A page is looked at inside a frame of the wanted width, so
that a narrow one needs no small window, and the frame's own rules hold for it as they would outside.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 120
WRAPPER = """<!DOCTYPE html><meta charset="utf-8"><title>frame</title>
<iframe id="page" style="width: {width}px; height: 800px; border: 0" srcdoc="{page}"></iframe>
<pre id="found"></pre>
<script>
addEventListener("load", () => {{
  const frame = document.getElementById("page"), root = frame.contentDocument.documentElement;
  const pictures = [...frame.contentDocument.querySelectorAll("figure svg, figure img")];
  document.getElementById("found").textContent = JSON.stringify({{
    width: root.clientWidth,
    needed: root.scrollWidth,
    requests: frame.contentWindow.performance.getEntriesByType("resource").map(item => item.name),
    empty: pictures.filter(item => item.getBoundingClientRect().height < 40).length,
    pictures: pictures.length,
    headings: [...root.querySelectorAll("h2")].map(item => item.textContent),
  }});
}});
</script>
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What the browser found of a page."""

    width: int
    """Of the page [pixels]."""
    needed: int
    """Of what is on it [pixels]; more than `width` scrolls sideways."""
    requests: tuple[str, ...]
    pictures: int
    empty: int
    """Pictures that are drawn less than 40 pixels high."""
    headings: tuple[str, ...]
    complaints: tuple[str, ...]
    """Lines of the console."""


def chromium() -> str | None:
    """Return the path of a Chromium of the system or of Playwright's folder, or None."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    places = ("chromium-*/chrome-linux*/chrome", "chromium_headless_shell-*/*/*headless*shell")
    return next((str(path) for place in places for path in sorted(kept.glob(place))), None)


def look(browser: str, page: Path, folder: Path, width: int) -> Look:
    """Return what the browser finds of a page that is so many pixels wide."""
    wrapper = folder / f"frame_{width}.html"
    inside = html.escape(page.read_text(encoding="utf-8"))
    wrapper.write_text(WRAPPER.format(width=width, page=inside), encoding="utf-8")
    made = _call(browser, folder, "--enable-logging=stderr", "--dump-dom", wrapper.as_uri())
    match = re.search(r'<pre id="found">(.+?)</pre>', made.stdout, re.DOTALL)
    assert match is not None, made.stderr[-2000:]
    found = json.loads(html.unescape(match[1]))
    complaints = tuple(line for line in made.stderr.splitlines() if "CONSOLE" in line)
    for name in ("requests", "headings"):
        found[name] = tuple(found[name])
    return Look(**found, complaints=complaints)


def printed(browser: str, page: Path, folder: Path) -> bytes:
    """Return the page as the PDF the browser prints."""
    out = folder / "printed.pdf"
    _call(browser, folder, "--no-pdf-header-footer", f"--print-to-pdf={out}", page.resolve().as_uri())
    return out.read_bytes()


def _call(browser: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
        "--disable-component-update", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}",
    ]  # fmt: skip
    return subprocess.run(
        [browser, *flags, *words], capture_output=True, text=True, check=False, timeout=SECONDS
    )
