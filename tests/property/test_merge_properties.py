"""What holds for every sequence of an operator's requests and a person's withdrawals."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel
from app.domain.merge import (
    CONSENT_PURPOSES,
    SETTINGS,
    ConsentAct,
    ConsentChanged,
    Merged,
    RecipientPatch,
    WantedContact,
    merge,
    withdraw,
)
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Letters, Recipient

START = datetime(2026, 11, 1, tzinfo=UTC)
NOW = START + timedelta(minutes=100)
NUMBERS = [f"+4860010020{digit}" for digit in range(4)]

moments = st.integers(min_value=0, max_value=100).map(lambda minutes: START + timedelta(minutes=minutes))
channels = st.sampled_from(list(Channel))
purposes = st.sampled_from(CONSENT_PURPOSES)
methods = st.sampled_from(["counter", "phone"])
acts = st.builds(
    ConsentAct,
    channel=channels,
    purpose=purposes,
    granted=st.booleans(),
    at=moments,
    method=methods,
    text_version=st.sampled_from([None, "2026-11"]),
)
acts_of_distinct_moments = st.lists(acts, max_size=12, unique_by=lambda act: act.at)
wanted_contacts = st.builds(
    WantedContact,
    channel=st.just(Channel.SMS),
    value=st.sampled_from(NUMBERS),
    verified=st.booleans(),
    method=st.none() | methods,
)
patches = st.builds(
    RecipientPatch,
    language=st.sampled_from([None, "pl", "en", "uk"]),
    time_zone=st.sampled_from([None, "Europe/Warsaw", "Europe/Kyiv"]),
    post_codes=st.sampled_from([None, (), ("03-729",)]),
    quiet_hours=st.sampled_from([None, NEVER_QUIET, QuietHours(rule=QuietRule.OWN)]),
    letters=st.sampled_from([None, *Letters]),
    safety_phrase=st.sampled_from([None, "", "kot", "pies"]),
    contact_points=st.lists(wanted_contacts, max_size=4, unique_by=lambda c: (c.channel, c.value)).map(tuple),
    consents=st.lists(acts, max_size=8, unique_by=lambda act: (act.channel, act.purpose, act.at)).map(tuple),
)
known_contacts = st.builds(
    ContactPoint,
    id=st.uuids(),
    channel=st.just(Channel.SMS),
    value=st.sampled_from(NUMBERS),
    state=st.sampled_from(list(ContactState)),
    method=st.none() | methods,
    changed_at=st.just(START),
    changed_by=st.sampled_from(list(Actor)),
)
known_consents = st.builds(
    Consent,
    channel=channels,
    purpose=purposes,
    granted=st.booleans(),
    version=st.integers(min_value=1, max_value=3),
    at=moments,
    by=st.sampled_from(list(Actor)),
    method=methods,
    text_version=st.none(),
    fact_leaf=st.just(b"\1" * 32),
)
recipients = st.builds(
    Recipient,
    id=st.just(UUID(int=1)),
    operator=st.just("poczta-polska"),
    name=st.just("customer-4711"),
    language=st.sampled_from(["pl", "en"]),
    letters=st.sampled_from(Letters),
    safety_phrase=st.sampled_from([None, "kot"]),
    contact_points=st.lists(known_contacts, max_size=4, unique_by=lambda c: c.value).map(tuple),
    consents=st.lists(known_consents, max_size=6, unique_by=lambda c: (c.channel, c.purpose)).map(
        lambda found: tuple(sorted(found, key=lambda c: (c.channel, c.purpose)))
    ),
    chosen_by_person=st.frozensets(st.sampled_from(SETTINGS)),
)


def put(current: Recipient, patch: RecipientPatch, *, trusting: bool = True) -> Merged:
    numbers = count(1000)
    return merge(current, patch, now=NOW, operator_verified=trusting, new_id=lambda: UUID(int=next(numbers)))


def stranger() -> Recipient:
    return Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711")


def decided(recipient: Recipient) -> set[tuple[object, ...]]:
    return {(c.channel, c.purpose, c.granted, c.at, c.by, c.method, c.text_version) for c in recipient.consents}


@given(current=recipients, patch=patches, trusting=st.booleans())
def test_the_same_request_twice_changes_and_records_nothing(
    current: Recipient, patch: RecipientPatch, trusting: bool
) -> None:
    first = put(current, patch, trusting=trusting)
    second = put(first.recipient, patch, trusting=trusting)
    assert second.recipient == first.recipient
    assert second.acts == ()


@given(data=st.data(), sent=acts_of_distinct_moments)
def test_the_order_within_one_request_does_not_matter(data: st.DataObject, sent: list[ConsentAct]) -> None:
    shuffled = data.draw(st.permutations(sent))
    one = put(stranger(), RecipientPatch(consents=tuple(sent)))
    other = put(stranger(), RecipientPatch(consents=tuple(shuffled)))
    assert (one.recipient, one.acts) == (other.recipient, other.acts)


@given(data=st.data(), sent=acts_of_distinct_moments)
def test_acts_sent_one_by_one_in_any_order_end_the_same(data: st.DataObject, sent: list[ConsentAct]) -> None:
    standing = stranger()
    for act in data.draw(st.permutations(sent)):
        standing = put(standing, RecipientPatch(consents=(act,))).recipient
    assert decided(standing) == decided(put(stranger(), RecipientPatch(consents=tuple(sent))).recipient)


@given(current=recipients, patch=patches)
def test_no_older_or_equal_act_undoes_what_the_person_did(current: Recipient, patch: RecipientPatch) -> None:
    after = put(current, patch).recipient
    for chosen in (c for c in current.consents if c.by is Actor.PERSON):
        newest = max(
            (a.at for a in patch.consents if (a.channel, a.purpose) == (chosen.channel, chosen.purpose)), default=START
        )
        if newest <= chosen.at:
            assert after.consent(chosen.channel, chosen.purpose) == chosen


@given(current=recipients, patch=patches, later=patches, channel=channels)
def test_after_a_withdrawal_no_request_made_until_then_grants_again(
    current: Recipient, patch: RecipientPatch, later: RecipientPatch, channel: Channel
) -> None:
    withdrawn = withdraw(put(current, patch).recipient, channel, now=NOW, method="one_click").recipient
    ended = [c for c in withdrawn.consents if c.channel is channel]
    assert {c.purpose for c in ended} == set(CONSENT_PURPOSES)
    assert not any(c.granted for c in ended)
    after = put(withdrawn, later).recipient
    for consent in ended:
        assert after.consent(consent.channel, consent.purpose) == consent


@given(current=recipients, patch=patches)
def test_only_contacts_in_the_operators_hands_become_active(current: Recipient, patch: RecipientPatch) -> None:
    before = {c.value: c for c in current.contact_points}
    for contact in put(current, patch).recipient.contact_points:
        known = before.get(contact.value)
        if contact.state is ContactState.ACTIVE and known is not None and known.state is not ContactState.ACTIVE:
            assert known.changed_by is Actor.OPERATOR
            assert known.state is not ContactState.DISABLED


@given(current=recipients, patch=patches)
def test_nothing_known_is_lost(current: Recipient, patch: RecipientPatch) -> None:
    after = put(current, patch).recipient
    assert {c.id for c in current.contact_points} <= {c.id for c in after.contact_points}
    assert {(c.channel, c.purpose) for c in current.consents} <= {(c.channel, c.purpose) for c in after.consents}
    assert {c.value for c in current.contact_points if c.state is ContactState.ACTIVE} <= {
        c.value for c in after.contact_points if c.state is ContactState.ACTIVE
    }


@given(current=recipients, patch=patches)
def test_everything_asked_was_done_held_before_or_is_listed_as_ignored(
    current: Recipient, patch: RecipientPatch
) -> None:
    merged = put(current, patch)
    ignored = {each.pointer for each in merged.ignored}
    states = {c.value: c.state for c in merged.recipient.contact_points}
    for place, wanted in enumerate(patch.contact_points):
        if wanted.verified != (states.get(wanted.value) is ContactState.ACTIVE):
            assert any(pointer.startswith(f"/contact_points/{place}") for pointer in ignored)
    for name in ("language", "time_zone", "post_codes", "quiet_hours"):
        asked = getattr(patch, name)
        if asked is not None and asked != getattr(merged.recipient, name):
            assert f"/{name}" in ignored


@given(current=recipients, patch=patches)
def test_versions_count_the_grants(current: Recipient, patch: RecipientPatch) -> None:
    merged = put(current, patch)
    for consent in merged.recipient.consents:
        before = current.consent(consent.channel, consent.purpose)
        granted = [
            each
            for each in merged.acts
            if isinstance(each, ConsentChanged)
            and each.consent.granted
            and (each.consent.channel, each.consent.purpose) == (consent.channel, consent.purpose)
        ]
        assert consent.version == (before.version if before else 0) + len(granted)
