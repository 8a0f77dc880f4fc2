"""What dixtill is compared with, as far as it is installed. test_peers.py names what is missing."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

MODULES = {  # each with what installs it; README.md tells of the last
    "ONNX Runtime": (("onnx", "onnxruntime"), "pip install onnx onnxruntime"),
    "fastText": (("fasttext",), "pip install fasttext-wheel"),
    "scikit-learn": (("sklearn",), "pip install scikit-learn"),
    "Captum": (("captum",), "pip install captum"),
    "transformers-interpret": (
        ("transformers_interpret", "captum"),
        "pip install --no-deps transformers-interpret",
    ),
}
COMPILERS = ("c++", "g++", "clang++")
COMPILER = "torch.compile"
PEERS = (*MODULES, COMPILER)


def what_misses(peer: str) -> str:
    """How to get `peer`, or nothing when it is here."""
    if peer == COMPILER:
        return "" if any(map(shutil.which, COMPILERS)) else "needs a C++ compiler"
    modules, command = MODULES[peer]
    return "" if all(map(find_spec, modules)) else f"not installed: {command}"


def is_here(peer: str) -> bool:
    return not what_misses(peer)
