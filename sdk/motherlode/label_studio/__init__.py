"""Label Studio's projects: their exports read, their configs, media and people understood, by file or by address."""

import motherlode.formats  # noqa: F401 - its registry reads exports by these modules, so it is loaded before them
