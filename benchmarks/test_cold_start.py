"""Times a new process up to its first answer, and measures its memory and disk space.

Measure an ordinary installation: an editable one looks for changed sources at each import.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import files, packages_distributions
from pathlib import Path
from typing import Any

import dixtill
from benchmarks import names, peers
from benchmarks.conftest import Compare
from benchmarks.rounds import Candidate
from benchmarks.texts import LABELS, TWEETS
from dixtill.runtime.targets import native
from dixtill.specification.model_file import StudentModel

MEGABYTE = 1e6
SECONDS = 20.0
DISTRIBUTIONS = packages_distributions()

# The peak of this process alone; ru_maxrss would inherit the parent's.
REPORT = """
import json, sys
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
peak = next((int(l.split()[1]) for l in status.splitlines() if l.startswith("VmHWM")), None)
print(json.dumps({"answer": answer, "torch": "torch" in sys.modules, "peak_kb": peak}))
"""
DIXTILL = "import dixtill; answer = dixtill.load({model!r})({text!r}).label"
TRANSFORMER = """
import onnxruntime, tokenizers
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession({model!r}, options, providers=["CPUExecutionProvider"])
encoded = tokenizers.Tokenizer.from_file({tokenizer!r}).encode({text!r})
inputs = {{"input_ids": [encoded.ids], "attention_mask": [encoded.attention_mask]}}
answer = {labels!r}[int(session.run(None, inputs)[0].argmax())]
"""
MODULES = {  # the distributions to install, without their own dependencies
    names.PYTHON: (),
    names.IMPORT_DIXTILL: ("dixtill",),
    names.FIRST_ANSWER: ("dixtill",),
    names.IMPORT_TORCH: ("torch",),
    names.IMPORT_TRANSFORMERS: ("torch", "transformers", "tokenizers"),
    names.IMPORT_SKLEARN: ("sklearn", "scipy", "numpy"),
    names.IMPORT_FASTTEXT: ("fasttext", "numpy"),
    names.ORT_FIRST_ANSWER: ("onnxruntime", "tokenizers", "numpy"),
}


def test_cold_start(
    compare: Compare,
    student: StudentModel,
    tokenizer: Any,
    minilm_onnx_int8: Path | None,
    is_timed: bool,
    folder: Path,
) -> None:
    dixtill_code = DIXTILL.format(model=str(dixtill.SHIPPED_MODEL), text=TWEETS[12])
    code = dict(_imports())
    if minilm_onnx_int8:
        tokenizer_path = folder / "tokenizer.json"
        tokenizer.backend_tokenizer.save(str(tokenizer_path))
        code[names.ORT_FIRST_ANSWER] = TRANSFORMER.format(
            model=str(minilm_onnx_int8),
            tokenizer=str(tokenizer_path),
            text=TWEETS[12],
            labels=LABELS,
        )
    code[names.FIRST_ANSWER] = dixtill_code
    labels = {names.FIRST_ANSWER: student.settings.labels, names.ORT_FIRST_ANSWER: LABELS}
    candidates = [
        _candidate(name, code[name], labels.get(name, (None,)), is_timed) for name in code
    ]
    compare(names.COLD_START, candidates, seconds=SECONDS)


def _imports() -> Iterator[tuple[str, str]]:
    yield names.IMPORT_TORCH, "import torch"
    yield names.IMPORT_TRANSFORMERS, "import torch; from transformers import BertModel"
    if peers.is_installed("scikit-learn"):
        yield names.IMPORT_SKLEARN, "import sklearn.linear_model, sklearn.feature_extraction.text"
    if peers.is_installed("fastText"):
        yield names.IMPORT_FASTTEXT, "import fasttext"
    yield names.PYTHON, ""
    yield names.IMPORT_DIXTILL, "import dixtill"


def _candidate(name: str, code: str, answers: tuple[str | None, ...], is_timed: bool) -> Candidate:
    program = f"answer = None\n{code}\n{REPORT}"

    def check(report: dict[str, Any]) -> None:
        assert report["answer"] in answers
        assert report["torch"] == ("torch" in name)

    facts = {"installed_mb": sum(map(installed_bytes, MODULES[name])) / MEGABYTE}
    if is_timed and (peak := run(program)["peak_kb"]):
        facts["peak_memory_mb"] = peak * 1024 / MEGABYTE
    return Candidate(name, lambda: run(program), check, facts)


def run(program: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # a rebuild may print too
    return report


def installed_bytes(module: str) -> int:
    """Return the size in bytes of the installed distribution that contains a module."""
    if module == "dixtill":  # in an editable installation its files are elsewhere
        folder = Path(dixtill.__file__).parent
        paths = {p for p in folder.rglob("*") if p.suffix != ".pyc"} | {Path(native.__file__)}
    else:
        distribution = DISTRIBUTIONS[module][0]
        paths = {Path(str(file.locate())) for file in files(distribution) or []}
    return sum(path.stat().st_size for path in paths if path.is_file())
