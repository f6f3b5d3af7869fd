"""How many examples the heavier tests with hypothesis try: few in the suite, as many as one asks for."""

import os


def examples(few: int) -> int:
    """``few``, or what the environment variable ``LODE_EXAMPLES`` says where that is more (10000 for a long run)."""
    return max(few, int(os.environ.get("LODE_EXAMPLES", "0")))
