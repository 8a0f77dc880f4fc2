"""Makes a teacher of a pretrained transformer."""
