"""YAML 1.2 text to a tree of nodes that know the file, line and column of every key and value.

Nothing here knows what a scenario may contain. Only the YAML types with one reading are taken: text,
numbers, true and false, nothing, lists and mappings with text keys. Dates stay text until a field
asks for one, so that the error can name the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as YamlNode

from sim.errors import Problem, ScenarioError

_TAG = "tag:yaml.org,2002:"
MAX_BYTES = 5_000_000
"""A scenario is written by a person; a larger file is something else."""
MAX_VALUES = 500_000
"""Values of a file with each alias written out: a few lines of aliases of aliases can stand for billions."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something is written. Lines and columns count from 1; ``line`` 0 means no file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(slots=True)
class Node:
    """A value with its origin.

    Attributes
    ----------
    value
        Text, number, bool, None, ``dict[str, Node]`` or ``list[Node]``.
    mark
        Where the value stands.
    key_mark
        Where its key stands; None for the root and for list items.
    text
        The scalar as it was written.
    """

    value: Any
    mark: Mark
    key_mark: Mark | None = None
    text: str = ""

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether this is a list."""
        return isinstance(self.value, list)

    def get(self, key: str) -> Node | None:
        """Return the value of a key, if this is a mapping that has it."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if isinstance(found, Node) else None

    def plain(self) -> Any:
        """Return ordinary dicts, lists and scalars, without origins."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


@dataclass(slots=True)
class Problems:
    """Collects everything wrong with a scenario, each once, and raises it in order of place."""

    found: list[Problem] = field(default_factory=list)
    unreadable: set[Mark] = field(default_factory=set)
    """Where a value stands that YAML itself could not give; nothing more is said of it."""

    def add(self, message: str, mark: Mark | None = None, **parts: str) -> None:
        """Note one problem; `parts` are fields of `Problem`."""
        problem = make_problem(message, mark, **parts)
        if problem not in self.found and mark not in self.unreadable:
            self.found.append(problem)

    def speak_of(self, key: str) -> bool:
        """Tell whether something is known to be wrong at a path of keys, or below it."""
        return any(
            found.key == key or found.key.startswith((f"{key}.", f"{key}[")) for found in self.found
        )

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise ScenarioError(sorted(self.found, key=lambda p: (p.path, p.line or 0, p.column or 0)))


def make_problem(message: str, mark: Mark | None = None, **parts: str) -> Problem:
    """Return a problem with its place and the source line it points at."""
    problem = replace(Problem(message), **parts)  # type: ignore[arg-type]
    if mark is None or not mark.line:
        return problem if mark is None else replace(problem, path=mark.file)
    lines = source_lines(mark.file)
    excerpt = lines[mark.line - 1] if mark.line <= len(lines) else ""
    return replace(problem, path=mark.file, line=mark.line, column=mark.column, excerpt=excerpt)


@cache
def _lines_of(file: str, stamp: float) -> tuple[str, ...]:
    return tuple(Path(file).read_text(encoding="utf-8", errors="replace").splitlines())


def source_lines(file: str) -> tuple[str, ...]:
    """Return the lines of a scenario file, for excerpts; nothing if it is not a file."""
    try:
        return _lines_of(file, Path(file).stat().st_mtime)
    except OSError:
        return ()


def read(path: Path, problems: Problems | None = None) -> Node:
    """Read one file into a tree.

    Parameters
    ----------
    problems
        Receives what is wrong with single keys and values (a key that appears twice), so that the rest
        can be read; None raises it.

    Raises
    ------
    ScenarioError
        If it is missing, a directory, empty, binary, not YAML, or no mapping.
    """
    text = _read_text(path)
    file = str(path)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise ScenarioError(_yaml_problem(error, file)) from None
    except YAMLError as error:
        raise ScenarioError(Problem(f"is not YAML: {str(error).splitlines()[0]}", path=file)) from None
    except RecursionError:
        raise ScenarioError(Problem("is nested too deeply to be a scenario", path=file)) from None
    if root is None or (isinstance(root, ScalarNode) and not str(root.value).strip()):
        raise ScenarioError(Problem("is empty", path=file, hint="`sim new NAME` writes a template"))
    _refuse_a_flood(root, file)
    found = Problems() if problems is None else problems
    node = _convert(root, file, found, None, ())
    if not node.is_mapping:
        what = "a list" if node.is_list else "a single value"
        found.add(f"holds {what}; a scenario is a mapping of keys", node.mark)
        found.stop()
    if problems is None:
        found.stop()
    return node


def parse_value(text: str, origin: str) -> Node:
    """Read one value, as after ``--set a.b=``."""
    mark = Mark(origin)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError:
        return Node(text, mark, mark, text)
    if root is None:
        return Node(None, mark, mark, text)
    _refuse_a_flood(root, origin)
    problems = Problems()
    node = _convert(root, origin, problems, mark, ())
    problems.stop()
    for item in walk(node):
        item.mark = item.key_mark = mark
    return node


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it."""
    yield node
    children = node.value.values() if node.is_mapping else node.value if node.is_list else ()
    for child in children:
        yield from walk(child)


def _read_text(path: Path) -> str:
    file = str(path)
    if path.is_dir():
        hint = "name a scenario file, such as india_halt.yaml"
        raise ScenarioError(Problem("is a directory, not a scenario file", path=file, hint=hint))
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ScenarioError(Problem("does not exist", path=file, hint=_neighbour(path))) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(Problem(f"cannot be read: {reason}", path=file)) from None
    if len(data) > MAX_BYTES:
        raise ScenarioError(Problem(f"has {len(data)} bytes; a scenario has at most {MAX_BYTES}", path=file))
    if b"\0" in data:
        raise ScenarioError(Problem("is a binary file, not YAML text", path=file))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ScenarioError(Problem("is a binary file or not UTF-8 text", path=file, line=line)) from None


def _neighbour(path: Path) -> str:
    from sim.units import did_you_mean

    try:
        names = [item.name for item in path.parent.glob("*.yaml")]
    except OSError:
        return ""
    return did_you_mean(path.name, names)


_WORDING = (
    ("'\\t'", "has a tab where YAML wants spaces", "indent with spaces"),
    (
        "mapping values are not allowed",
        "has a colon where no key may stand",
        "check the indentation, or put the text in quotes",
    ),
    ("expected ',' or", "has a bracket that is not closed", "close it with ] or }"),
    ("found another document", "holds more than one document", "keep what stands before the line ---"),
    ("undefined alias", "uses an alias that no anchor defines", ""),
    ("expected <block end>", "is indented in a way YAML cannot follow", "align keys of one level"),
    ("while scanning a quoted scalar", "has a quotation mark that is not closed", ""),
    ("unexpected end of stream", "has a quotation mark that is not closed", ""),
    ("could not find expected ':'", "has a line that is neither a key nor a value", "write `key: value`"),
)


def _yaml_problem(error: MarkedYAMLError, file: str) -> Problem:
    text = str(error)
    place = error.problem_mark or error.context_mark
    if "expected ',' or" in text or "end of stream" in text:
        place = error.context_mark or place  # the bracket or quotation mark, not the end of the file
    mark = Mark(file, place.line + 1, place.column + 1) if place is not None else Mark(file)
    for sign, message, hint in _WORDING:
        if sign in text:
            return make_problem(message, mark, hint=hint)
    return make_problem(f"is not YAML: {error.problem or error.context}", mark)


def _convert(
    node: YamlNode, file: str, problems: Problems, key_mark: Mark | None, above: tuple[int, ...]
) -> Node:
    mark = Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in above:
        problems.add("refers to itself by an alias", mark)
        return Node(None, mark, key_mark)
    above = (*above, id(node))
    if isinstance(node, MappingNode):
        return Node(_mapping(node, file, problems, above), mark, key_mark)
    if isinstance(node, SequenceNode):
        return Node([_convert(item, file, problems, None, above) for item in node.value], mark, key_mark)
    assert isinstance(node, ScalarNode)
    return Node(_scalar(node, mark, problems), mark, key_mark, str(node.value))


def _refuse_a_flood(root: YamlNode, file: str) -> None:
    """Refuse aliases that would fill the memory; each anchor is counted once and the count reused."""
    sizes: dict[int, int] = {}

    def size(node: YamlNode) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = 0  # what refers to itself is told of when it is read
            below = [value for _, value in node.value] if isinstance(node, MappingNode) else node.value
            children = below if isinstance(node, MappingNode | SequenceNode) else ()
            sizes[id(node)] = 1 + sum(size(child) for child in children)
        return sizes[id(node)]

    if size(root) > MAX_VALUES:
        message = f"stands for {size(root):,} values with its aliases written out"
        raise ScenarioError(Problem(f"{message}; a scenario has at most {MAX_VALUES:,}", path=file))


def _mapping(node: MappingNode, file: str, problems: Problems, above: tuple[int, ...]) -> dict[str, Node]:
    out: dict[str, Node] = {}
    for key, value in node.value:
        mark = Mark(file, key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, ScalarNode):
            problems.add("a list or mapping stands where a key is wanted", mark)
            continue
        name = str(key.value)
        if key.tag == _TAG + "merge":
            problems.add("'<<' is not read here", mark, hint="use extends: or include:", given="<<")
            continue
        if name in out:
            first = out[name].key_mark
            problems.add(
                f"key '{name}' appears twice; first in line {first.line if first else '?'}",
                mark,
                key=name,
                given=name,
                hint="keep one of them",
            )
            continue
        out[name] = _convert(value, file, problems, mark, above)
    return out


def _scalar(node: ScalarNode, mark: Mark, problems: Problems) -> Any:
    text, tag = str(node.value), str(node.tag).removeprefix(_TAG)
    if tag in ("str", "timestamp", "value"):
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    try:
        if tag == "int":
            return int(text.replace("_", ""), 0) if not text.lstrip("+-").startswith("0") else _zeros(text)
        if tag == "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
    problems.add(f"tag '{node.tag}' is not read here", mark, given=str(node.tag), allowed="plain YAML values")
    problems.unreadable.add(mark)
    return text


def _zeros(text: str) -> int:
    # YAML 1.2 reads 010 as ten; Python refuses it, and reads 0x and 0o as YAML does
    try:
        return int(text.replace("_", ""), 0)
    except ValueError:
        return int(text.replace("_", ""))
