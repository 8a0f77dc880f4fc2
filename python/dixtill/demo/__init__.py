"""The whole course, from a corpus to a student, on data made on the spot (`dixtill demo`)."""

from .. import distillation as distillation  # first: it says which extra is missing
