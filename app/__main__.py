"""`python -m app` and the `vangnet` script: runs a command and turns what goes wrong into words and an exit code."""

from __future__ import annotations

import sys

from app.cli.main import run


def main() -> None:
    """Run the command line given to this process; ends the process."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
