"""`dixtill demo`: the whole course, from a corpus to a student, on generated data."""

from ..extras import require

require("train")
