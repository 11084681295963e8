"""Names of the product, found or refused, and others put in their place wherever they were imported."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

# Importing these imports all that a serving process uses.
_ROOTS = ("app.cli", "app.serving", "app.cli.service")


class NoSuchNameError(Exception):
    """The product has no such name: whoever renamed it must say here what takes its place."""


def load() -> None:
    """Import what a serving process is made of."""
    for root in _ROOTS:
        importlib.import_module(root)


def find(dotted: str) -> Any:
    """What stands at `package.module.Class.name`. Raises NoSuchNameError."""
    holder, name = _holder(dotted)
    return vars(holder)[name]


def replace(dotted: str, make: Callable[[Any], Any]) -> None:
    """Put `make(old)` at that name, and everywhere else in the product where the same object was imported."""
    holder, name = _holder(dotted)
    old = vars(holder)[name]
    new = make(old)
    setattr(holder, name, new)
    if isinstance(holder, type):
        return
    for module in [each for each in sys.modules.values() if each.__name__.partition(".")[0] in {"app", "adapters"}]:
        for alias, value in list(vars(module).items()):
            if value is old:
                setattr(module, alias, new)


def replace_here(dotted: str, make: Callable[[Any], Any]) -> None:
    """Put `make(old)` at that name only: the module that imported it sees another thing, all others do not."""
    holder, name = _holder(dotted)
    setattr(holder, name, make(vars(holder)[name]))


def _holder(dotted: str) -> tuple[Any, str]:
    *path, name = dotted.split(".")
    for length in range(len(path), 0, -1):
        try:
            holder: Any = importlib.import_module(".".join(path[:length]))
        except ModuleNotFoundError:
            continue
        for step in path[length:]:
            holder = vars(holder).get(step)
            if holder is None:
                break
        if holder is not None and name in vars(holder):
            return holder, name
        break
    raise NoSuchNameError(dotted)
