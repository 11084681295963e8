"""How fast messages leave, so that no more are claimed than will leave soon."""

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=1)


class Pace:
    """Counts what has left within the last second."""

    def __init__(self) -> None:
        self._left: deque[datetime] = deque()

    def note(self, now: datetime) -> None:
        """One more has left."""
        self._left.append(now)

    def last_second(self, now: datetime) -> int:
        """How many have left since a second before `now`."""
        while self._left and self._left[0] < now - WINDOW:
            self._left.popleft()
        return len(self._left)
