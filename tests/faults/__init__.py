"""Faults put in on purpose, by the hundred: a short set in `make test`, as many as wanted by `make faults N= SEED=`.

The campaign: `rounds` runs deployments (`stage`) whose processes (`service`, `under_fault`) meet their ends (`dooms`,
`weather`) at named places (`points`); what the outside saw (`journals`) and the database (`reading`) are then held to
the invariants (`invariants_*`, `epilogue`). `planted` bugs, in their scenes (`trials`), show that each is noticed.
SIGKILL is not power loss: what the system had not written to the disk yet survives it.
"""
