"""Whether this process may trust the log: no fault known, until one is found."""

from dataclasses import dataclass


@dataclass(slots=True)
class LogWatch:
    """`fault` is the sentence of the first fault found, None while there is none. Only a restart clears it."""

    fault: str | None = None
    ready: bool = False

    def found(self, fault: str) -> None:
        """Remember a fault; the first one stays."""
        self.fault = self.fault or fault
