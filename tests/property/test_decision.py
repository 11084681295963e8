"""Decisions for anybody's contact points and consents, and the order in which a shipment's events arrive."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel, Purpose
from app.domain.decision import News, Notify, Suppress, last_check, plan
from app.domain.recipient import ContactState, Recipient
from app.domain.shipment import RANK, Milestone, makes_untrue, reason_not_to_tell
from tests.unit.domain.people import NOON, consent, contact, on_its_way, person

CONTACTS = st.lists(st.builds(contact, st.sampled_from(Channel), st.sampled_from(ContactState)), max_size=5)
CONSENTS = st.lists(
    st.builds(
        consent,
        st.sampled_from(Channel),
        granted=st.booleans(),
        version=st.integers(0, 3),
        purpose=st.sampled_from(Purpose),
    ),
    max_size=4,
    unique_by=lambda given_: (given_.channel, given_.purpose),
)
PEOPLE = st.builds(person, CONTACTS, CONSENTS)
MILESTONES = st.builds(
    Milestone,
    kind=st.sampled_from(sorted(RANK)),
    ordinal=st.sampled_from([None, 1, 2]),
    effective_at=st.integers(0, 4).map(lambda hour: datetime(2026, 11, 23, 8 + hour, tzinfo=UTC)),
)
DAY = timedelta(days=1)


@given(recipient=PEOPLE, kind=st.sampled_from(["notice_left", "delivered"]))
def test_nobody_is_told_without_an_active_contact_point_and_a_granted_consent(recipient: Recipient, kind: str) -> None:
    for planned in plan(News(kind=kind, expires_at=NOON + DAY), recipient, now=NOON):
        agreed = recipient.consent(planned.channel, planned.purpose)
        allowed = (
            planned.contact is not None
            and planned.contact.state is ContactState.ACTIVE
            and agreed is not None
            and agreed.granted
            and agreed.version > 0
        )
        assert (planned.decision == Notify()) is allowed


@given(recipient=PEOPLE)
def test_every_channel_gets_a_row_for_each_active_contact_point_and_at_least_one(recipient: Recipient) -> None:
    planned = plan(News(kind="notice_left", expires_at=NOON + DAY), recipient, now=NOON)
    for channel in Channel:
        active = [c for c in recipient.contact_points if c.channel is channel and c.state is ContactState.ACTIVE]
        assert [item.contact for item in planned if item.channel is channel] == (active or [None])


@given(recipient=PEOPLE)
def test_the_last_check_agrees_with_the_plan_while_nothing_changes(recipient: Recipient) -> None:
    planned = plan(News(kind="notice_left", expires_at=NOON + DAY), recipient, now=NOON)
    for item in planned:
        reason = last_check(recipient, on_its_way(item.contact, item.channel, item.purpose), now=NOON)
        if item.contact is not None:
            assert (Suppress(reason=reason) if reason else Notify()) == item.decision
        else:
            assert reason == "no_contact_point"


@given(first=MILESTONES, second=MILESTONES)
def test_news_is_stale_exactly_where_the_other_order_would_have_made_it_untrue(
    first: Milestone, second: Milestone
) -> None:
    untrue = makes_untrue(second, first) is not None
    assert (reason_not_to_tell(first, [second]) in {"stale", "superseded"}) is untrue


@given(news=MILESTONES, known=st.lists(MILESTONES, max_size=4))
def test_more_knowledge_never_turns_old_news_into_news(news: Milestone, known: list[Milestone]) -> None:
    for cut in range(len(known)):
        if reason_not_to_tell(news, known[:cut]) is not None:
            assert reason_not_to_tell(news, known) is not None
