"""Writes students in other programs' formats; needs the extra `onnx`, and no torch."""

from ..extras import require

require("onnx")
