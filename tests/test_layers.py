"""Nothing imports what stands above it: ARCHITECTURE.md says where each folder and file stands.

Imports inside functions and calls of import_module count, those for type checkers alone do not.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NATIVE = "python/dixtill/_native"
IMPORTS = re.compile(r"import(?!ance)")  # in the name of a function


@cache
def layers() -> dict[str, list[list[str]]]:
    """By folder, the names on each line of the block about it."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = page.partition("## Who may import whom\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(\S+)/\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
    return {
        folder: [re.split(r"[\s,]+", line.partition("#")[0].strip()) for line in lines.splitlines()]
        for folder, lines in blocks
    }


@cache
def sources() -> dict[str, list[Path]]:
    """Source files by their paths in the repository without a suffix, as imports name them."""
    found: dict[str, list[Path]] = {}
    for folder, suffixes in ("python/dixtill", {".py", ".pyi"}), ("csrc", {".h", ".cpp"}):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in suffixes and path.stat().st_size:
                found.setdefault(name_of(path), []).append(path)
    return found


def name_of(path: Path) -> str:
    return Path(os.path.relpath(path, ROOT)).with_suffix("").as_posix()


@cache
def imports() -> dict[str, set[str]]:
    files = sources()
    return {
        name: {
            next(target for target in targets if target in files)
            for path in paths
            for targets in (included(path) if path.suffix in (".h", ".cpp") else imported(path))
            if not files.keys().isdisjoint(targets)
        }
        - {name}
        for name, paths in files.items()
    }


def included(path: Path) -> Iterator[list[str]]:
    for name in re.findall(r'^ *#include "(.+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        yield [name_of(path.parent / name)]


def imported(path: Path) -> Iterator[list[str]]:
    """For each import, the names that its file may have, the likeliest first."""
    for node in nodes_that_run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for alias in node.names:
                inside = base / alias.name
                yield [name_of(p) for p in (inside, inside / "__init__", base, base / "__init__")]
        elif isinstance(node, ast.Call) and IMPORTS.search(called := ast.unparse(node.func)):
            # A name with a hole, as in f".commands.{name}", may be that of any module.
            assert called == "import_module", f"{path} calls {called}"
            name, package = node.args
            assert ast.unparse(package) == "__package__", path
            parts = [part.value if isinstance(part, ast.Constant) else "*"
                     for part in getattr(name, "values", [name])]  # fmt: skip
            for target in modules_named("".join(parts), path):
                yield [name_of(target)]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [getattr(node, "module", None), *(alias.name for alias in node.names)]
            assert not any(f"{name}.".startswith("dixtill.") for name in names), path


def modules_named(pattern: str, path: Path) -> list[Path]:
    """The modules that a relative name with wildcards may be, seen from the file at `path`."""
    name = pattern.lstrip(".")
    assert name != pattern, f"{path} imports {pattern}, which is not relative"
    folder = path.parents[len(pattern) - len(name) - 1]
    found = [*folder.glob(f"{name.replace('.', '/')}.py"),
             *folder.glob(f"{name.replace('.', '/')}/__init__.py")]  # fmt: skip
    assert found, f"{path} imports {pattern}, which does not exist"
    return found


def nodes_that_run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module, but for those under `if TYPE_CHECKING`."""
    yield node
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in node.orelse if is_for_types else ast.iter_child_nodes(node):
        yield from nodes_that_run(child)


def child_of(folder: str, name: str) -> str | None:
    """The folder or file in `folder` that `name` lies in or is."""
    return name[len(folder) + 1 :].partition("/")[0] if name.startswith(f"{folder}/") else None


@pytest.mark.parametrize("folder", layers())
def test_every_folder_and_file_has_one_place(folder):
    inside = {child_of(folder, name) for name in sources()} - {None}
    assert sorted(name for layer in layers()[folder] for name in layer) == sorted(inside)


@pytest.mark.parametrize("folder", layers())
def test_nothing_imports_what_stands_beside_or_above_it(folder):
    depth = {name: number for number, layer in enumerate(layers()[folder]) for name in layer}
    back = []
    for importer, targets in imports().items():
        for target in targets:
            above, below = child_of(folder, importer), child_of(folder, target)
            if above and below and above != below and depth[above] >= depth[below]:
                back.append(f"{importer} imports {target}")
    assert not back


def test_every_folder_with_modules_is_a_package():
    """Without __init__.py, pytest would not know a module's package when it runs its examples."""
    folders = {path.parent for path in (ROOT / "python").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_files_import_each_other_in_a_circle():
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_one_module_imports_the_native_one():
    importers = [name for name, targets in imports().items() if NATIVE in targets]
    assert importers == ["python/dixtill/runtime/targets"]


def test_calls_of_import_module_are_imports(tmp_path):
    for name in ("a", "b", "commands/one", "commands/two"):
        (tmp_path / name).with_suffix(".py").parent.mkdir(exist_ok=True)
        (tmp_path / name).with_suffix(".py").touch()
    path = tmp_path / "a.py"

    def imported_by(code: str) -> list[str]:
        path.write_text(code)
        return sorted(Path(name).name for names in imported(path) for name in names)

    assert imported_by('import_module(".b", __package__)') == ["b"]
    assert imported_by('import_module(f".commands.{name}", __package__)') == ["one", "two"]
    for hidden in (
        '__import__("dixtill.b")',
        "import_module(name, __package__)",
        'import_module("dixtill.b", __package__)',
        "importlib.import_module(name)",
    ):
        with pytest.raises(AssertionError):
            imported_by(hidden)
