"""The garbage collector of a process that serves or works: it looks seldom, and not among what was imported."""

import gc

OBJECTS = 20_000
"""New objects until cycles are looked for: a body or a page makes many at once, and hardly a cycle."""


def settle() -> None:
    """Called once all is imported: what is there stays, so it need not be walked through. A page of memory that the
    collector writes to is no longer shared with the process that this one was forked from."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS)
