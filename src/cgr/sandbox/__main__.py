"""`python -m cgr.sandbox`."""

from __future__ import annotations

import sys

from cgr.sandbox.commands import main

sys.exit(main())
