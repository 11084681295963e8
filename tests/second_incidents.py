"""Who must know what of incidents of areas: a second, simple model. It shares no code with `app`.

Everything is told at once here: no quiet hours, no digest, one contact point for each person.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

PER_DAY_MAX = 6
OVER = "over"
CLOSURE = "facility_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Exactly one of these is said."""

    facilities: frozenset[str] = frozenset()
    shipments: frozenset[str] = frozenset()
    post_codes: tuple[str, ...] = ()
    everybody: bool = False

    def has(self, shipment: str, facility: str, post_code: str) -> bool:
        named = facility in self.facilities or shipment in self.shipments
        return self.everybody or named or self.has_code(post_code)

    def has_code(self, post_code: str) -> bool:
        code = plain(post_code)
        for said in map(plain, self.post_codes):
            if code == said or (said.endswith("*") and code.startswith(said[:-1])):
                return True
        return False


def plain(post_code: str) -> str:
    return post_code.replace("-", "").replace(" ", "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """`said` is whatever else a message would repeat: when, and why."""

    name: str
    number: int
    kind: str
    scope: Scope
    said: str = ""

    @property
    def ends(self) -> bool:
        return self.kind == "resolved"

    def repeats(self, other: "Revision") -> bool:
        return (self.kind, self.said) == (other.kind, other.said)


@dataclass(slots=True, kw_only=True)
class Item:
    person: str
    facility: str
    post_code: str


@dataclass(slots=True)
class SecondIncidents:
    """What waits where, what counts of each incident, and what each person was told of it last.

    `homes` are the post codes in which people live. Of a revision, `hear` says who is told: (person, whether it is
    that it is over).
    """

    homes: dict[str, tuple[str, ...]]
    waiting: dict[str, Item] = field(default_factory=dict)
    newest: dict[str, Revision] = field(default_factory=dict)
    scopes: dict[str, list[Scope]] = field(default_factory=dict)
    told: dict[tuple[str, str], Revision | str] = field(default_factory=dict)
    sent: Counter[tuple[str, date]] = field(default_factory=Counter)

    def hear(self, new: Revision, *, on: date) -> list[tuple[str, bool]]:
        before = self.newest.get(new.name)
        if before is not None and (new.number, new.ends) <= (before.number, before.ends):
            return []
        self.newest[new.name] = new
        self.scopes.setdefault(new.name, []).append(new.scope)
        return [(person, over) for person in self.homes for over in self._tell(new, person, on)]

    def _tell(self, new: Revision, person: str, on: date) -> list[bool]:
        place = person, new.name
        last = self.told.get(place)
        touched = self._touched(new, person)
        if touched:
            if isinstance(last, Revision) and last.repeats(new) and self._touched(last, person) == touched:
                return []
            if self.sent[person, on] >= PER_DAY_MAX:
                return []
            self.sent[person, on] += 1
            self.told[place] = new
            return [False]
        if not isinstance(last, Revision) or (last.kind == CLOSURE and not self._waits_in_any(person, new.name)):
            return []
        self.told[place] = OVER
        return [True]

    def _touched(self, revision: Revision, person: str) -> frozenset[str]:
        """What of that person's it touches; nothing that a closure touches lies at home."""
        if revision.ends:
            return frozenset()
        items = {
            f"item {name}"
            for name, item in self.waiting.items()
            if item.person == person and revision.scope.has(name, item.facility, item.post_code)
        }
        homes = {f"home {code}" for code in self.homes[person] if revision.scope.has_code(code)}
        if revision.kind == CLOSURE:
            homes = set()
        elif revision.scope.everybody:
            homes.add("whoever")
        return frozenset(items | homes)

    def _waits_in_any(self, person: str, incident: str) -> bool:
        return any(
            scope.has(name, item.facility, item.post_code)
            for name, item in self.waiting.items()
            if item.person == person
            for scope in self.scopes[incident]
        )
