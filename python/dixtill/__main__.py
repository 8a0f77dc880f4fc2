"""`python -m dixtill`: the command line without its installed script."""

import sys

from .cli import main

sys.exit(main())
