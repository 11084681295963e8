"""Whatever an operator's system sends as its code: an event always comes of it, and always the same."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.event import KNOWN_TYPES, Event, Handover, LegalRegime, OperatorRecord, PaperNotice, Pickup
from app.domain.shipment import Milestone
from app.domain.vocabulary import UNMAPPED
from tests.unit.domain.coded import VOCABULARIES

# As far as the edge lets times through.
_MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 – the strategy adds the zone
    max_value=datetime(9998, 12, 31, 23, 59),  # noqa: DTZ001 – the strategy adds the zone
    timezones=st.just(UTC),
)
_CODES = sorted({code for table in VOCABULARIES.tables.values() for code in table.rows})
_TEXTS = st.text(max_size=40)


@st.composite
def events(draw: st.DrawFn) -> Event:
    at = draw(_MOMENTS)
    moment = st.none() | _MOMENTS | _MOMENTS.map(datetime.date)
    record = OperatorRecord(
        vocabulary=draw(st.sampled_from(sorted(VOCABULARIES.tables)) | _TEXTS),
        code=draw(st.sampled_from(_CODES) | _TEXTS),
        time=draw(st.none() | _TEXTS),
        notice_said=draw(st.booleans()),
        cancelled=draw(st.booleans()),
    )
    return Event(
        id="1",
        source="/s",
        type="pl.awizo.tracking.v1",
        time=at,
        effective_at=at,
        operator="operator",
        canonical=b"{}",
        notice=draw(st.none() | st.builds(PaperNotice, ordinal=st.sampled_from([1, 2]), left_at=_MOMENTS)),
        legal_regime=draw(st.none() | st.sampled_from(LegalRegime)),
        pickup=draw(st.none() | st.builds(Pickup, starts=moment, until=moment)),
        handover=draw(st.none() | st.builds(Handover, mode=st.none() | _TEXTS)),
        reason=draw(st.none() | _TEXTS),
        record=record,
        quarantine=UNMAPPED,
    )


@given(events(), st.booleans())
def test_every_record_is_understood_or_set_aside(event: Event, returned_before: bool) -> None:
    understood = VOCABULARIES.interpret(event, returned_before=returned_before)
    assert understood.quarantine in {None, "unknown_vocabulary", "unknown_code"}
    assert understood.mapped_type in KNOWN_TYPES | {None}
    assert (understood.type, understood.record, understood.effective_at) == (
        event.type,
        event.record,
        event.effective_at,
    )


@given(events(), st.booleans(), st.booleans())
def test_what_was_read_once_is_not_read_again(event: Event, returned_before: bool, later: bool) -> None:
    understood = VOCABULARIES.interpret(event, returned_before=returned_before)
    assert VOCABULARIES.interpret(understood, returned_before=later) is understood


@given(events(), st.sampled_from(sorted(KNOWN_TYPES)), st.booleans())
def test_an_event_that_names_its_type_is_returned_as_it_is(event: Event, type_: str, returned_before: bool) -> None:
    typed = replace(event, type=type_, quarantine=None)
    assert VOCABULARIES.interpret(typed, returned_before=returned_before) is typed


@given(events())
def test_what_an_event_says_itself_stays(event: Event) -> None:
    understood = VOCABULARIES.interpret(event, returned_before=False)
    for name in ("notice", "legal_regime", "reason"):
        assert getattr(event, name) in {None, getattr(understood, name)} or getattr(event, name) == ""
    assert event.pickup is None or event.pickup.until in {None, understood.pickup.until if understood.pickup else None}


@given(events())
def test_a_code_that_no_return_matters_to_is_read_the_same_after_one(event: Event) -> None:
    returned = Milestone(kind="returned", ordinal=None, effective_at=event.effective_at)
    if not VOCABULARIES.returned_before(event, [returned]):
        first, second = (VOCABULARIES.interpret(event, returned_before=before) for before in (False, True))
        assert first == second
