"""`python -m quotes.costing < programme.json`; see cli.py."""

import sys

from .cli import main

sys.exit(main())
