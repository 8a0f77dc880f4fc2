"""`dixtill export`: write a student as an ONNX graph."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..escapes import printable
from ..whole_file import check_file
from .student_arguments import add_model_argument, student_file, student_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..specification.model_file import StudentModel

_EXAMPLES = """\
examples:
  dixtill export --onnx student.onnx
  dixtill export --onnx my.onnx --model my.safetensors --run my.safetensors.run

Inputs: piece_ids [batch, time] int64 and mask [batch, time] bool, padded on the right. Outputs:
probabilities and logits [batch, classes], contributions [batch, time, classes] and attention
[batch, time]. The metadata hold labels, vocabulary and tokenizer settings. The graph computes in
float32; the int8 model file is smaller and faster.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "export",
        help="write a student as an ONNX graph",
        description="Write a student as an ONNX graph in float32, explanations included.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--onnx", required=True, metavar="FILE", help="the graph to write")
    add_model_argument(parser)
    parser.add_argument(
        "--run",
        dest="run_folder",
        metavar="DIR",
        help="take the float32 parameters from the model's run folder, which needs the extra train "
        "(default: the rounded parameters of the model file)",
    )
    parser.set_defaults(run=run)


_KEPT = ("config.json", "checkpoint.pt")  # the files that are read from a run folder


def run(args: argparse.Namespace) -> int:
    """Write the graph and print its size and labels."""
    from ..export.onnx_graph import write_onnx
    from ..specification.model_file import read_model

    kept = [Path(args.run_folder, name) for name in _KEPT] if args.run_folder else []
    check_file(args.onnx, [student_file(args), *kept])
    model = read_model(student_of(args))
    write_onnx(model, args.onnx, _parameters(args.run_folder, model) if args.run_folder else None)
    labels = printable(", ".join(model.settings.labels))
    print(f"{args.onnx}: {Path(args.onnx).stat().st_size:,} bytes, {labels}")
    return 0


def _parameters(run_folder: str, model: StudentModel) -> dict[str, npt.NDArray[np.float32]]:
    from ..distillation.student.float_student import float_student

    student = float_student(Path(run_folder), model)
    return {name: values.detach().numpy() for name, values in student.named_parameters()}
