"""`python -m motherlode` is `lode`."""

import sys

from motherlode.cli import main

if __name__ == "__main__":
    sys.exit(main())
