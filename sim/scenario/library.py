"""The scenarios that come with the package, and how a name or a path becomes a file."""

from __future__ import annotations

from pathlib import Path

from sim.errors import ScenarioError
from sim.units import did_you_mean

_PACKAGE = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Return the folder of the library: inside an installed package, or beside it in a checkout."""
    inside = _PACKAGE / "library"
    return inside if inside.is_dir() else _PACKAGE.parent / "scenarios"


def find(name: str | Path, relative_to: Path | None = None) -> Path:
    """Return the file a name stands for: a path, or a file of the library with or without ``.yaml``.

    ``policy/actual.yaml`` is a file of the library as well as ``india_halt``. A file beside `relative_to`
    wins over the library; a folder, such as a run kept under the name of its scenario, does not. A name
    that is found nowhere comes back as the path it would have, for the reader to report.
    """
    given = Path(name).expanduser()
    near = given if relative_to is None or given.is_absolute() else relative_to / given
    if near.exists() and not near.is_dir():
        return near
    if given.is_absolute() or ".." in given.parts:
        return near
    for candidate in (given, given.with_name(f"{given.name}.yaml")):
        if given.name and (folder() / candidate).is_file():
            return folder() / candidate
    return near


def suggestion(name: str | Path) -> str:
    """Return the library scenario nearest to a name that was not found."""
    return did_you_mean(Path(name).stem, names())


def names() -> list[str]:
    """Return the names of the library scenarios."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def entries() -> list[tuple[str, str, str, Path]]:
    """Return (name, title, question, path) of every library scenario, by name."""
    from sim.scenario.compose import compose

    out = []
    for name in names():
        path = folder() / f"{name}.yaml"
        try:
            root = compose(path)
        except ScenarioError:
            out.append((name, "(cannot be read)", "", path))
            continue
        title, question = root.get("title"), root.get("question")
        out.append((name, title.text if title else "", question.text if question else "", path))
    return out
