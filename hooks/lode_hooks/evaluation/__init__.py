"""The evaluation engine: columns in, matches and numbers out, without a database.

`boxes` and `classes` are the two evaluators; `curves`, `confusion` and `compare` read the matches they make.
"""
