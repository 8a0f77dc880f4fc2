"""Imports the peers that are installed; test_peers.py names those that are missing."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

MODULES = {  # each with the packages to install; README.md explains the last one
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


def what_to_install(peer: str) -> str:
    """Return what to install for `peer`, or "" if nothing is missing."""
    if peer == COMPILER:
        return "" if any(map(shutil.which, COMPILERS)) else "needs a C++ compiler"
    modules, command = MODULES[peer]
    return "" if all(map(find_spec, modules)) else f"not installed: {command}"


def is_installed(peer: str) -> bool:
    return not what_to_install(peer)
