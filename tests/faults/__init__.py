"""Faults put in on purpose, by the hundred: a short set in `make test`, as many as wanted by `make faults N= SEED=`."""
