"""Where messages may go now."""

from collections.abc import Iterable


class Places:
    """One place for each message that a provider can take now, in the order in which to fill them."""

    def __init__(self, providers: Iterable[str]) -> None:
        self._free = list(providers)

    @property
    def free(self) -> int:
        """How many messages may still be taken."""
        return len(self._free)

    def take(self, *, avoid: str | None = None) -> str | None:
        """The provider of the next place, of another than `avoid` while there is one; None when none is left."""
        if not self._free:
            return None
        index = next((index for index, name in enumerate(self._free) if name != avoid), 0)
        return self._free.pop(index)

    def put_back(self, provider: str) -> None:
        """Give a place back that was not used after all."""
        self._free.insert(0, provider)

    def unused(self, provider: str) -> int:
        """How many places with that provider are left."""
        return self._free.count(provider)
