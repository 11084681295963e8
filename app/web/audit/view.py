"""What the page of a story says, in one language: read out of the proofs themselves, so that both can be compared."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.dates import format_date

from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.evidence.catalogue import grade_of
from app.evidence.originals import is_original
from app.evidence.verifier.form import read_bundle
from app.evidence.verifier.model import Bundle, BundleFact
from app.rendering.catalog import Say
from app.rendering.dates import clock, local
from app.rendering.words import OPERATORS
from app.usecases.read_story import LooseFact, Story, ToldOf
from app.web.audit.axis import Moment, Picture, picture
from app.web.audit.words import (
    ACTS,
    DATA,
    FACTS,
    FIELDS,
    GRADES,
    WORTH,
    Told,
    lane_of,
    reason_in_words,
    told_in_words,
    tone_of,
)
from app.web.catalog import speaker
from app.web.pages import LOCALES
from app.web.preferences.sent import KINDS

ZONE = zone(DEFAULT_TIME_ZONE)
_SHOWN_CHARACTERS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """A sealed field: its name in the fact, what it is called, and its value; None while it is closed.

    `is_long`: a whole document, which paper has no room for.
    """

    name: str
    label: str
    value: str | None = field(repr=False)
    is_long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FactView:
    """One fact as it is listed. `about` says of which message; `entry` and `proven` are for who checks the page.

    `place` is the shard, the index, and the size of the checkpoint; a size of 0 is that of a fact without a proof here.
    """

    number: int
    id: str
    type: str
    at: str
    title: str
    about: str
    lane: int
    tone: str
    claimed: datetime | None
    known: datetime
    grade: str
    worth: str
    details: tuple[tuple[str, str], ...]
    fields: tuple[FieldView, ...] = field(repr=False)
    place: tuple[str, int | None, int]
    document: str
    proof: str

    @property
    def entry(self) -> str:
        """Where the fact stands, as the browser compares it."""
        return f"{self.place[0]}#{self.place[1]}" if self.proof else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """One message and its proof; `pending` facts are not in it. Without a digest there is none: not yet, or no more."""

    told: Told
    digest: str
    pending: int
    is_damaged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """The page without its surroundings. `shards` are those whose keys the proofs need."""

    operator: str
    shipments: tuple[str, ...] = field(repr=False)
    proofs: tuple[ProofView, ...]
    facts: tuple[FactView, ...]
    picture: Picture
    shards: tuple[str, ...]
    limits: str
    is_whole: bool


def story_view(story: Story, language: str) -> StoryView:
    """What there is to say of a story."""
    say = speaker(language)
    bundles = [(told, read_bundle(told.bundle.data)) for told in story.told if told.bundle]
    facts = _in_order([*_of_bundles(bundles, say), *_loose(story.loose, say)])
    return StoryView(
        operator=OPERATORS.get(story.operator, story.operator),
        shipments=tuple(grouped(name) for name in story.shipments),
        proofs=tuple(_proof(told, say) for told in story.told),
        facts=facts,
        picture=picture([_moment(each) for each in facts], ZONE),
        shards=tuple(sorted({origin.rpartition("/")[2] for _, bundle in bundles for origin in bundle.checkpoints()})),
        limits=_limits(told.bundle.data for told, _ in bundles if told.bundle),
        is_whole=story.is_whole,
    )


def grouped(name: str) -> str:
    """`0075 9007 7341 2345 6789`: a long number in groups of four; any other name as it is."""
    if not name.isdigit() or len(name) < 12:
        return name
    return " ".join(name[at : at + 4] for at in range(0, len(name), 4))


def to_the_second(moment: datetime, language: str) -> str:
    """`pon., 7 grudnia 2026, 14:05:09`."""
    there = local(moment, ZONE)
    day = format_date(there.date(), "EEE, d MMMM y", locale=LOCALES[language])
    return f"{day}, {clock(there.time())}:{there.second:02}"


def _in_order(facts: Iterable[FactView]) -> tuple[FactView, ...]:
    """Each fact once, a proven one before the same without a proof, numbered in the order in which we knew of them."""
    distinct: dict[str, FactView] = {}
    for each in facts:
        distinct.setdefault(each.id, each)
    ordered = sorted(distinct.values(), key=lambda each: (each.known, each.number, each.id))
    return tuple(replace(each, number=number) for number, each in enumerate(ordered, start=1))


def _of_bundles(bundles: Iterable[tuple[ToldOf, Bundle]], say: Say) -> Iterator[FactView]:
    for told, bundle in bundles:
        line = told_in_words(told.notification, say)
        for fact in bundle.facts:
            yield _proven(fact, bundle, told.notification.id, f"{line.channel}, {line.kind}", say)
        for fact in bundle.context:
            yield _proven(fact, bundle, told.notification.id, "", say)


def _proven(fact: BundleFact, bundle: Bundle, proof: UUID, about: str, say: Say) -> FactView:
    values = {opened.name: opened.value for opened in fact.openings}
    values |= {each.opened.name: each.opened.value for each in bundle.originals if each.fact == fact.document.id}
    place = (fact.checkpoint.origin, fact.index, fact.checkpoint.size)
    return _view(fact.document.raw, values, place, str(proof), about, say)


def _loose(facts: Iterable[LooseFact], say: Say) -> Iterator[FactView]:
    for each in facts:
        shard, index = each.place or ("", None)
        yield _view(json.loads(each.fact.document), {}, (shard, index, 0), "", "", say)


def _view(
    document: Mapping[str, Any],
    values: Mapping[str, bytes],
    place: tuple[str, int | None, int],
    proof: str,
    about: str,
    say: Say,
) -> FactView:
    data, kind = document["data"], document["type"]
    known, claimed = _times(document)
    return FactView(
        number=document["n"] or 0,
        id=document["id"],
        type=kind,
        at=document["at"],
        title=_title(kind, data, say),
        about=about,
        lane=lane_of(kind, by=data.get("by")),
        tone=tone_of(kind),
        claimed=claimed,
        known=known,
        grade=say(GRADES[grade_of(document)]),
        worth=say(WORTH[data["signature"]], name="DKIM") if "signature" in data else "",
        details=tuple((say(label), str(data[key])) for key, label in DATA.items() if data.get(key) is not None),
        fields=tuple(
            FieldView(
                name=name,
                label=say(FIELDS[name]),
                value=_text(values[name]) if name in values else None,
                is_long=is_original(name, data.get("encoding")),
            )
            for name in sorted(document["sealed"])
        ),
        place=place,
        document=json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1),
        proof=proof,
    )


def _title(kind: str, data: Mapping[str, Any], say: Say) -> str:
    """What a fact tells; of a report what it reports, of a message that was not sent why."""
    title = say(FACTS.get(kind, kind))
    if kind.startswith("event."):
        reported = KINDS.get(data["event_type"].rpartition(".v")[0].rpartition(".")[2])
        return f"{title}: {say(reported)}" if reported else title
    if kind == "support.acted":
        return say(ACTS.get(data["act"], title))
    why = data.get("failure") or data.get("reason")
    if kind.startswith("notification.") and why:
        return f"{title}: {reason_in_words(why, say)}"
    return title


def _times(document: Mapping[str, Any]) -> tuple[datetime, datetime | None]:
    """When we knew, and when it is claimed to have happened; our own records claim no other time than their own."""
    data = document["data"]
    known, claimed = data.get("received_at") or document["at"], data.get("event_time") or data.get("claimed_at")
    return datetime.fromisoformat(known), datetime.fromisoformat(claimed) if claimed else None


def _text(value: bytes) -> str:
    """The beginning of a value; the browser shows bytes that are no text alike."""
    text = value.decode(errors="replace")
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _moment(fact: FactView) -> Moment:
    return Moment(number=fact.number, lane=fact.lane, tone=fact.tone, claimed=fact.claimed, known=fact.known)


def _proof(told: ToldOf, say: Say) -> ProofView:
    pending = json.loads(told.bundle.data)["pending"] if told.bundle else 0
    return ProofView(
        told=told_in_words(told.notification, say),
        digest=told.bundle.digest if told.bundle else "",
        pending=pending,
        is_damaged=told.is_damaged,
    )


def _limits(bundles: Iterable[bytes]) -> str:
    """What the proofs themselves say that they do not show: the longest text names the most downtimes of ours."""
    return max((json.loads(data)["limits"] for data in bundles), key=len, default="")
