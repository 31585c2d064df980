"""`python -m app` and the `vangnet` script: runs a command and turns what goes wrong into words and an exit code."""

from __future__ import annotations

import sys

from app.cli import repo_ahead


def main() -> None:
    """Run the command line given to this process; ends the process."""
    repo_ahead.begin(sys.argv[1:])
    from app.cli.main import run  # only now: a key that is needed is being derived meanwhile

    code = run(sys.argv[1:])
    repo_ahead.end(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
