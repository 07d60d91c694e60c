"""Reads the source and holds it to the house style, where no linter has the rule."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 49
CONFTEST_LINES_MAX = 100

# Packages of the standard library that the core may see; everything else is the world.
CORE_IMPORTS = {
    *("__future__", "daemon", "dataclasses", "decimal", "enum", "types", "typing"),
    *("bisect", "collections", "copy", "functools", "heapq", "itertools", "operator"),
    *("base64", "fnmatch", "hashlib", "re"),
}
# Where an unexpected error may be caught: round a task that has an owner, and round an observer.
CATCH_ALL_HOMES = ("daemon/runtime/supervisor.py", "daemon/runtime/observers.py")
# Where the operator's and the venues' own words are spoken; everywhere else it is qty and px.
VIEWS = re.compile(
    r"daemon/(cli|control|dashboard|fill_handler)/.*|daemon/telemetry/views\.py"
    r"|daemon/venues/\w+/(\w+_)?wire\.py|daemon/paper/(kalshi|binance|bitget|phemex)(/.*|\.py)",
)
SEED_NAMES = frozenset({"stake", "amount"})
# asyncio's own spelling: CancelledError, and Task.cancelled() where it is called.
TWO_L = re.compile(r"cancell(ed|ing)", re.IGNORECASE)
PRUNED = frozenset({"__pycache__", "build", "dist", "htmlcov"})
FOREIGN = re.compile(
    r"https?://[^\s\"'>)]*(?:pypi|pythonhosted|devpi|artifactory|nexus)"
    r"|(?:extra-)?index[-_]url|trusted[-_]host|find[-_]links"
    r"|(?:^|[\s\"'=:(])/(?:work|root|opt/(?:pypi|wheels)|home/\w+)/",
    re.IGNORECASE,
)

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources(room: str = "") -> tuple[tuple[str, str, ast.Module], ...]:
    """Every Python file below `room`, or of all rooms: path, text, tree."""
    rooms = [room] if room else ["daemon", "tests", "benchmarks"]
    paths = sorted(path for name in rooms for path in (ROOT / name).rglob("*.py"))
    texts = ((path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)
    return tuple((name, text, ast.parse(text)) for name, text in texts)


def nodes(room: str = "") -> Iterator[tuple[str, ast.AST]]:
    for path, _text, tree in sources(room):
        yield from ((path, node) for node in ast.walk(tree))


def at(path: str, node: ast.AST, what: str = "") -> str:
    return f"{path}:{getattr(node, 'lineno', 1)} {what}".rstrip()


def none_of(found: list[str]) -> None:
    """Fail with one line a place."""
    if found:
        pytest.fail("\n".join(["", *found]), pytrace=False)


def names_of(node: ast.AST) -> list[str]:
    """The identifiers that a node brings in: not strings, not comments."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.ClassDef(name=name) | ast.alias(name=name):
            return [name]
        case ast.keyword(arg=str(name)):
            return [name]
        case _:
            return []


def imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=aliases):
            return [alias.name for alias in aliases]
        case ast.ImportFrom(module=str(module), names=aliases):
            return [module, *(f"{module}.{alias.name}" for alias in aliases)]
        case _:
            return []


def test_a_file_is_read_in_one_sitting() -> None:
    limits = {"tests/conftest.py": CONFTEST_LINES_MAX}
    counted = ((path, len(text.splitlines())) for path, text, _tree in sources())
    none_of(
        [
            f"{path} has {lines} lines"
            for path, lines in counted
            if lines > limits.get(path, FILE_LINES_MAX)
        ]
    )


def test_a_function_fits_a_screen() -> None:
    functions = (
        (path, node, (node.end_lineno or node.lineno) - node.lineno + 1)
        for path, node in nodes()
        if isinstance(node, FUNCTION)
    )
    none_of(
        [
            at(path, node, f"{node.name} has {lines} lines")
            for path, node, lines in functions
            if lines > FUNCTION_LINES_MAX
        ]
    )


def test_a_module_opens_with_what_it_is() -> None:
    none_of([path for path, _text, tree in sources() if not ast.get_docstring(tree)])


def test_the_core_sees_neither_float_nor_coroutine_nor_the_world() -> None:
    found = []
    for path, node in nodes("daemon/core"):
        match node:
            case ast.Name(id="float") | ast.Constant(value=float()):
                found.append(at(path, node, "float"))
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                found.append(at(path, node, "async or await"))
            case ast.Import() | ast.ImportFrom():
                packages = {name.partition(".")[0] for name in imported(node)} - CORE_IMPORTS
                found += [at(path, node, f"import {name}") for name in sorted(packages)]
            case _:
                pass
    none_of(found)


def test_every_import_is_visible_and_absolute() -> None:
    found = []
    for path, node in nodes():
        if "TYPE_CHECKING" in names_of(node):
            found.append(at(path, node, "TYPE_CHECKING"))
        if isinstance(node, ast.ImportFrom) and node.level:
            found.append(at(path, node, "relative import"))
        if isinstance(node, FUNCTION):
            hidden = (inner for inner in ast.walk(node) if imported(inner))
            found += [at(path, inner, f"import in {node.name}") for inner in hidden]
    none_of(found)


def test_only_supervisor_and_observers_catch_everything() -> None:
    found = []
    for path, node in nodes("daemon"):
        if not isinstance(node, ast.ExceptHandler) or path in CATCH_ALL_HOMES:
            continue
        parts = [] if node.type is None else list(ast.walk(node.type))
        caught = {name for part in parts for name in names_of(part)}
        if not parts or caught & {"Exception", "BaseException"}:
            found.append(at(path, node, "catches everything"))
    none_of(found)


def test_the_words_of_the_edges_stay_at_the_edges() -> None:
    none_of(
        [
            at(path, node, name)
            for path, node in nodes("daemon")
            for name in names_of(node)
            if SEED_NAMES & set(name.lower().split("_")) and not VIEWS.fullmatch(path)
        ]
    )


def test_canceled_has_one_l() -> None:
    called = {node.func for _path, node in nodes() if isinstance(node, ast.Call)}
    none_of(
        [
            at(path, node, name)
            for path, node in nodes("daemon")
            for name in names_of(node)
            if TWO_L.search(name) and name != "CancelledError" and node not in called
        ]
    )


def test_each_module_has_a_test_that_names_it() -> None:
    tests = "\n".join(text for path, text, _tree in sources("tests"))
    mentioned = set(re.findall(r"daemon(?:\.\w+)+", tests))
    for _path, node in nodes("tests"):
        mentioned.update(imported(node))
    paths = {path for path, _text, _tree in sources("tests")}
    found = []
    for path, _text, tree in sources("daemon"):
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        room, _slash, file = path.removeprefix("daemon/").rpartition("/")
        mirror = "/".join(filter(None, ["tests", room, f"test_{file}"]))
        says = any(isinstance(node, FUNCTION | ast.ClassDef) for node in tree.body)
        if says and name not in mentioned and mirror not in paths:
            found.append(f"{path}: no {mirror}, and no test imports {name}")
    none_of(found)


def test_each_pure_module_is_named_in_its_contract() -> None:
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    names = (
        path.removesuffix(".py").replace("/", ".")
        for path, _text, _tree in sources("daemon/venues")
        if path.endswith("_wire.py")
    )
    none_of([f"{name}: not in contract 4" for name in names if f'"{name}"' not in settings])


def tracked() -> Iterator[Path]:
    """Every text file that a clone has, or would have once it is committed."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in PRUNED
            and (name in {".ci", ".github"} or not name.startswith("."))
            and not name.endswith(".egg-info")
        ]
        yield from (Path(folder, name) for name in sorted(files))


def test_no_registry_and_no_machine_is_named() -> None:
    found = []
    for path in tracked():
        text = path.read_text("utf-8", errors="replace")
        found += [
            f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), start=1)
            if FOREIGN.search(line)
        ]
    none_of(found)


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_names_the_two_commands(command: str) -> None:
    assert command in (ROOT / "README.md").read_text("utf-8")
