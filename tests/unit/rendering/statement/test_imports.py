"""What is slow to import is imported by those who draw or sign, and by nobody else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import adapters
import app

ROOT = Path(app.__path__[0]).parent
SLOW = ("fpdf", "pyhanko", "segno", "PIL", "fontTools")


def imported_at_once(source: Path) -> Iterator[str]:
    """The modules that a module names outside of functions and of what only type checkers read."""
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(source: Path) -> str:
    return ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_importing_the_service_draws_in_no_slow_library() -> None:
    sources = [source for package in (app, adapters) for source in Path(package.__path__[0]).rglob("*.py")]
    wants = {
        ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): set(
            imported_at_once(source)
        )
        for source in sources
    }
    slow = {name for name, wanted in wants.items() if any(each.partition(".")[0] in SLOW for each in wanted)}
    while more := {name for name, wanted in wants.items() if wanted & slow} - slow:
        slow |= more
    homes = ("app.rendering.statement_pdf.", "adapters.pades_signer.embedding")
    assert slow
    assert [name for name in sorted(slow) if not name.startswith(homes)] == []
