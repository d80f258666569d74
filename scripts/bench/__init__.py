"""The sound benchmark: real speech through real calls, scored as a listener would.

`python -m scripts.bench` measures and writes the tables of docs/performance.md. From below:
`speech` and `network` are values and arithmetic, `track` and `score` turn recordings into
figures; `worker` runs ends of calls (`ends_*`, one file an engine) in a process of its own and
`fleet` drives such processes; `relay` and `link` are the bad networks between them; each of the
`rows_*` files measures some rows of the tables, and `report` writes them down.
"""
