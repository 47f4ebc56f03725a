"""``sim plot``: one picture of a run, as PNG and SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.console import guarded, say


@guarded
def plot(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Picture; sim list plots has all.")],
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, scenario file or library name.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder, or a file ending in .png or .svg; default the run's folder.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="png (default), svg, or both: png,svg.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=VALUE", help="Option of the picture: site=sony."),
    ] = None,
) -> None:
    """Draw one picture of a run folder, or of a scenario that is run for it, and print where it is."""
    from sim.plots import figure_of, plot_named, save_figure
    from sim.plots.registry import FORMATS

    plot_named(name, of="run")
    file = out if out is not None and out.suffix.lower()[1:] in FORMATS else None
    if file is not None and form is not None:
        raise typer.BadParameter(f"--out {file} says the format already; leave --format out")
    forms = [file.suffix.lower()[1:]] if file is not None else _forms(form or "png")
    options = dict(_option(text) for text in option or ())
    subject = _run_of(run)
    figure = figure_of(name, subject, **options)
    folder = out if out is not None else subject.folder if subject.folder is not None else Path()
    paths = [file] if file is not None else [folder / f"{name}.{item}" for item in forms]
    _make(paths[0].parent)
    for path in paths:
        say(str(save_figure(figure, path)))


def _forms(text: str) -> list[str]:
    from sim.plots.registry import FORMATS

    forms = [part.strip().lower() for part in text.split(",") if part.strip()]
    wrong = [part for part in forms if part not in FORMATS]
    if wrong or not forms:
        given = wrong[0] if wrong else text
        raise typer.BadParameter(f"--format {given!r} is unknown; formats: {', '.join(FORMATS)}")
    return list(dict.fromkeys(forms))


def _option(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"--with {text!r} is not NAME=VALUE")
    try:
        return name, int(value)
    except ValueError:
        return name, value


def _run_of(name: str) -> Any:
    from sim.results.compare import run_of

    return run_of(name)


def _make(folder: Path) -> None:
    from sim.errors import StoreError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error
