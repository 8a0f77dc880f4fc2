"""Shows how a run goes."""

from ...extras import require

require("train")
