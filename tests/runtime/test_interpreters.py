"""A sub-interpreter, such as mod_wsgi's, is refused at once, with what to set."""

from __future__ import annotations

import pytest
from running import run_program

# Legacy and isolated ones, by the module that this version of Python has.
PROGRAM = """
import sys

code = (
    f"import sys; sys.path[:0] = {sys.path}\\n"
    "for _ in range(2):\\n"
    "    try: import dixtill; dixtill.load()\\n"
    "    except ImportError as error: print(type(error).__name__, error, flush=True)\\n"
)
try:
    import _interpreters as interpreters
    made = [interpreters.create("legacy"), interpreters.create("isolated")]
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        raise SystemExit(77)
    is_new = sys.version_info >= (3, 12)  # before, an isolated one cannot run an editable install
    made = [interpreters.create(isolated=False), interpreters.create(isolated=is_new)]
if "first" in sys.argv:
    import dixtill
    dixtill.load()
for interpreter in made:
    assert interpreters.run_string(interpreter, code) is None
    interpreters.destroy(interpreter)
import dixtill
print(dixtill.infer("Shares jump").label)
"""


@pytest.mark.parametrize("order", ["first in the main interpreter", "later"])
def test_a_sub_interpreter_is_refused_with_what_to_set(order):
    run = run_program(PROGRAM, *order.split())
    if run.returncode == 77:
        pytest.skip("this Python has no module that makes sub-interpreters")
    assert (run.returncode, run.stderr) == (0, "")
    *refused, label = run.stdout.splitlines()
    assert label == "bullish"
    assert len(refused) == 4
    for line in refused:
        assert line.startswith(
            "NativeModuleError dixtill runs in the main interpreter of a process"
        )
        assert "set 'WSGIApplicationGroup %{GLOBAL}'" in line
