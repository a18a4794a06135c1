"""`python -m mesh` is `chatly`."""

import sys

from mesh.cli import main

sys.exit(main())
