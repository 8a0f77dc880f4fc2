"""The commands of the command line, one module each.

A module has `add_parser(subparsers)` and `run(args)`, which returns the exit code. Heavy imports
are inside `run`, so that `dixtill --help` is quick and needs no extra.
"""

# Modules of this package, in the order of `dixtill --help`.
COMMANDS = (
    "infer", "explain", "info", "finetune", "attribute", "distill", "search", "evaluate", "score",
    "export", "card", "demo",
)  # fmt: skip
