"""One explained answer to look at: on a terminal, in a notebook. Imported when it is asked for."""
