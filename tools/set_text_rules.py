"""Make a student read texts by the current text rules, and record this in its provenance.

Its weights stay, and so do the scores in its provenance, which were measured by the rules before:
measure them again (`dixtill evaluate`).

    python tools/set_text_rules.py STUDENT OUT
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from dixtill.specification.cleaning import DEFAULT_RULES
from dixtill.specification.model_file import StudentModel, read_model, write_model


def with_rules_of_today(model: StudentModel) -> StudentModel:
    """Return the student with the current rules; `trained_by` records those of its training."""
    settings = model.settings
    before = {"cleaning": list(settings.cleaning), "symbols": settings.symbols}
    after = {"cleaning": list(DEFAULT_RULES), "symbols": True}
    if before == after:
        return model
    rules = {**after, "trained_by": before}
    provenance = {**settings.provenance, "text_rules": rules}
    changed = settings._replace(cleaning=DEFAULT_RULES, symbols=True, provenance=provenance)
    return replace(model, settings=changed)


def main() -> None:
    """Read one file, write the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("student")
    parser.add_argument("out")
    arguments = parser.parse_args()
    write_model(with_rules_of_today(read_model(arguments.student)), arguments.out)


if __name__ == "__main__":
    main()
