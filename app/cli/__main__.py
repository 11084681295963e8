"""`python -m app.cli` is `awizo`."""

from app.cli import main

main()
