"""The evaluation engine: columns in, matches and numbers out, without a database.

`boxes` and `classes` are the two evaluators; `rows`, `curves` and `compare` read the matches they make.
"""
