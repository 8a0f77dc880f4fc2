"""The whole course, from a corpus to a student, on data made on the spot (`dixtill demo`)."""

from ..extras import require

require("train")
