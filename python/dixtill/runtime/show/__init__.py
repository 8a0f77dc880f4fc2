"""Shows one explained answer on a terminal or in a notebook; imported when it is needed."""
