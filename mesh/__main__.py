"""Runs the command line: `python -m mesh` does the same as `chatly`."""

import sys

from mesh.cli import main

if __name__ == "__main__":
    sys.exit(main())
