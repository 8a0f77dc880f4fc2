"""Run the command line as `python -m dixtill`."""

import sys

from .cli import main

sys.exit(main())
