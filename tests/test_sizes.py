"""Each function, file and folder is short enough to be read in one go."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("python", "csrc", "benchmarks", "tools", "tests")
MAX_LINES = {".py": 300, ".h": 400, ".cpp": 400}
MAX_FUNCTION_LINES = 60
# What has no braces that count: comments, strings, characters and the preprocessor's lines.
NO_CODE = re.compile(
    r"""//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|^ *\#[^\n]*""", re.MULTILINE
)
HOLDS_FUNCTIONS = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$")
MAX_FILES = 12  # in a stage of the distillation


def sources() -> dict[str, Path]:
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    return {str(path.relative_to(ROOT)): path for path in paths if path.suffix in MAX_LINES}


def num_lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_file_is_long():
    long = {name for name, path in sources().items() if num_lines(path) > MAX_LINES[path.suffix]}
    assert long == set()


def python_functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield the name of each function and the number of its lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1


def cpp_functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield the line that each function begins with, and the number of its lines.

    A brace opens a function unless a namespace, a class or the like stands before it, or an equals
    sign, which begins a table.
    """
    code = NO_CODE.sub("", source)
    start = 0  # of a declaration
    are_scopes: list[bool] = []  # of the open braces: whether functions may stand there
    for mark in re.finditer(r"[{};]|\b(public|protected|private):", code):
        is_scope = True
        if mark[0] == "{":
            are_scopes.append(bool(HOLDS_FUNCTIONS.search(code[start : mark.start()])))
        elif mark[0] == "}":
            is_scope = are_scopes.pop()
        # A brace or a comma follows on a member that is initialized in braces.
        if all(are_scopes) and code[mark.end() :].lstrip()[:1] not in ("{", ","):
            whole = code[start : mark.end()].strip()
            if not is_scope and not whole.partition("{")[0].endswith("= "):
                yield whole.partition("\n")[0], whole.count("\n") + 1
            start = mark.end()
    assert not are_scopes


def test_no_function_is_long():
    functions = {".py": python_functions, ".cpp": cpp_functions, ".h": cpp_functions}
    long = {
        f"{name}: {function}"
        for name, path in sources().items()
        for function, lines in functions[path.suffix](path.read_text(encoding="utf-8"))
        if lines > MAX_FUNCTION_LINES
    }
    assert long == set()


def test_functions_of_cpp_are_found_wherever_they_stand():
    source = """
// A comment with a brace: {
#define BEGIN {
namespace dixtill {
constexpr int kTable[] = {
    1, 2,
};
template <typename T>
T first(const T* values) {
    return values[0];
}
class Text : public Base {
  public:
    explicit Text(int size) : size_{size} {
        if (size) {
            throw "}";
        }
    }
    int size() const { return size_; }
    struct Inside {
        char brace() {
            return '{';
        }
    };
    int size_;
};
}  // namespace dixtill
"""
    assert list(cpp_functions(source)) == [
        ("template <typename T>", 4),
        ("explicit Text(int size) : size_{size} {", 5),
        ("int size() const { return size_; }", 1),
        ("char brace() {", 3),
    ]


def test_a_stage_of_the_distillation_has_few_files():
    folders = (path for path in (ROOT / "python/dixtill/distillation").rglob("*") if path.is_dir())
    assert not [folder for folder in folders if len(list(folder.glob("*.py"))) > MAX_FILES]


def test_no_two_files_of_tests_have_one_name():
    """pytest imports a test file by its name alone."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)
