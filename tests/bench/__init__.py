"""The benchmark: `python -m tests.bench` measures awizo and a floor beside it in one run. It is no timed test."""
