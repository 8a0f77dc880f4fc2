"""Shows the progress of a run."""

from ...extras import require

require("train")
