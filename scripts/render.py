#!/usr/bin/env python3
"""The render script: the same app as the ``nnanim`` command, from a checkout.

Examples: ``python scripts/render.py list``, ``python scripts/render.py render forward-propagation --set seed=3``.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nnanim.cli import main

if __name__ == "__main__":
    main()
