"""Which source a function depends on: its own text, what it uses of its file, and the simulations that it imports.

Comments, docstrings and blank lines do not count: what they say changes no number.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import tokenize
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

import nnanim

PACKAGE = Path(nnanim.__file__).parent
SIMULATIONS = "nnanim.sim"

DATA = PACKAGE / "sim" / "shipped"
"""Data that simulations read."""

Parts = dict[str, str]
"""Name of a part of the source (a module's path, or what a file defines) → its text."""
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.stmt


def sources_of(function: Callable[..., Any]) -> Parts:
    """Every part of the source on which what a function computes depends.

    Parameters
    ----------
    function
        A plain function of a file, for instance a chapter's ``simulate``.

    Returns
    -------
    Its own text; the definitions of its file that it names, and what these name; the modules of ``nnanim.sim``
    that any of these imports, and those that they import; modules that lie beside the file; a TOML of its name.
    """
    plain: Any = inspect.unwrap(function)
    assert isinstance(plain, FunctionType)
    file = Path(plain.__code__.co_filename)
    tree = _parsed(file)
    start = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name == plain.__name__
        and plain.__code__.co_firstlineno in (node.lineno, *(d.lineno for d in node.decorator_list))
    )
    used = _used(tree, start)
    # What a file imports for its drawing stands in the same lines as what it needs here: the modules count, not the lines.
    own = [node for node in used if not isinstance(node, ast.Import | ast.ImportFrom)]
    parts = {f"{file.name}:{_name(node)}": _text(file, node) for node in own}
    modules: dict[Path, None] = {}
    for node in used:
        for module in _imported(node, file):
            _collect(module, modules)
    parts |= {_place(module): _text(module, None) for module in modules}
    if any(f'"{DATA.name}"' in text for text in parts.values()):
        named = [file for file in DATA.glob("*.npz") if any(f'"{file.stem}' in text for text in parts.values())]
        parts |= {_place(file): digest_of_files(file) for file in named}
    table = file.with_suffix(".toml")
    if table.is_file():
        parts[table.name] = table.read_text(encoding="utf-8")
    return parts


def digest_of_files(path: Path) -> str:
    """Digest of a file's content, or of all files in a folder and below it with their names."""
    seal = hashlib.sha256()
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
        seal.update(f"{file.name if file == path else file.relative_to(path).as_posix()}\0{content}\n".encode())
    return seal.hexdigest()


def _used(tree: ast.Module, start: ast.FunctionDef) -> list[_Definition]:
    """The function, and the statements on the top level of its file that it needs."""
    defined: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in _binds(statement):
            defined.setdefault(name, []).append(statement)
    methods = {
        node.name: node
        for outer in tree.body
        if isinstance(outer, ast.ClassDef)
        for cls in outer.body
        if isinstance(cls, ast.ClassDef)  # Params: a simulation may ask its parameters something
        for node in cls.body
        if isinstance(node, ast.FunctionDef)
    }
    found: list[_Definition] = [start]
    for node in found:  # grows while it is walked through
        for part in ast.walk(node):
            needed: list[_Definition] = []
            if isinstance(part, ast.Name):
                needed = [*defined.get(part.id, ())]
            elif isinstance(part, ast.Attribute) and part.attr in methods:
                needed = [methods[part.attr]]
            found += [each for each in needed if each not in found and not _holds(each, start)]
    return found


def _holds(statement: _Definition, start: ast.FunctionDef) -> bool:
    """Whether it is the class in which the function itself stands: the rest of a chapter is its lesson."""
    return isinstance(statement, ast.ClassDef) and any(node is start for node in ast.walk(statement))


def _binds(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    else:
        yield from (
            node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )


def _imported(node: ast.AST, file: Path) -> Iterator[Path]:
    """The files of our simulations, and of modules beside ``file``, that a piece of source imports."""
    for part in ast.walk(node):
        names: list[str] = []
        if isinstance(part, ast.Import):
            names = [alias.name for alias in part.names]
        elif isinstance(part, ast.ImportFrom):
            base = _absolute(part, file)
            names = [base, *(f"{base}.{alias.name}" for alias in part.names)]
        for name in names:
            if name.startswith(SIMULATIONS):
                path = PACKAGE.joinpath(*name.split(".")[1:])
            elif not file.is_relative_to(PACKAGE) and "." not in name:
                path = file.parent / name
            else:
                continue
            yield from (each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file())


def _absolute(statement: ast.ImportFrom, file: Path) -> str:
    if not statement.level or not file.is_relative_to(PACKAGE):
        return statement.module or ""
    package = ("nnanim", *file.relative_to(PACKAGE).parts[:-1])
    outer = package[: len(package) - statement.level + 1]
    return ".".join([*outer, *([statement.module] if statement.module else [])])


def _collect(module: Path, known: dict[Path, None]) -> None:
    if module not in known:
        known[module] = None
        for imported in _imported(_parsed(module), module):
            _collect(imported, known)


def _place(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix() if module.is_relative_to(PACKAGE) else module.name


def _name(node: _Definition) -> str:
    return getattr(node, "name", None) or ",".join(_binds(node))


def _text(file: Path, node: _Definition | None) -> str:
    """The words of a piece of source, without comments, docstrings, blank lines and what lies between the words."""
    lines = _bare(file)
    if node is None:
        return "\n".join(line for line in lines if line)
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return "\n".join(line for line in lines[first - 1 : node.end_lineno] if line)


@lru_cache(maxsize=256)
def _read(file: Path, changed: int) -> tuple[ast.Module, tuple[str, ...]]:
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for statement in body:  # of modules, classes and functions, and of attributes
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str):
                for row in range(statement.lineno - 1, statement.end_lineno or statement.lineno):
                    lines[row] = ""
    return tree, tuple(line.rstrip() for line in lines)


def _parsed(file: Path) -> ast.Module:
    return _read(file, file.stat().st_mtime_ns)[0]


def _bare(file: Path) -> tuple[str, ...]:
    return _read(file, file.stat().st_mtime_ns)[1]
