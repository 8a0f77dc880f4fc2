"""Makes a teacher of a pretrained transformer."""

from ...extras import require

require("train")
