"""What a simulated time came to, as a table that people read and a page of the documentation shows."""

from collections import Counter
from collections.abc import Iterable

from tests.simulation.journal import Journal
from tests.simulation.judge import VIOLATIONS, Court


def table(court: Court, journal: Journal) -> str:
    """Markdown: one section for each thing that is counted, the violations last."""
    rows = court.books.rows.values()
    sections = [
        ("Shipments by regime", Counter(item.regime for item in court.items.values())),
        ("Events by answer", Counter(post.status for post in journal.posted)),
        (
            "Messages that left",
            Counter(f"{told.row.kind} ({told.sent.channel})" for told in (*court.told, *court.of_incidents)),
        ),
        (
            "Messages by the language of their reader",
            Counter(f"{told.person.language} ({told.sent.channel})" for told in court.told),
        ),
        (
            "Reminders that left, by step",
            Counter(f"{told.row.step} ({told.sent.channel})" for told in court.told if told.row.step),
        ),
        (
            "Notifications that did not leave",
            Counter(
                f"{row.status}: {row.reason}" if row.reason else row.status for row in rows if row.status != "sent"
            ),
        ),
        ("Anomalies", Counter(code for _, code in court.books.anomalies)),
        ("Counted apart", court.verdict.apart),
    ]
    blocks = [_block(title, counted.items()) for title, counted in sections]
    faults = [(f"{text} (`{code}`)", court.verdict.found[code]) for code, text in VIOLATIONS.items()]
    return "\n\n".join([*blocks, _block("Violations", faults, in_order=False)])


def _block(title: str, counted: Iterable[tuple[str, int]], *, in_order: bool = True) -> str:
    lines = sorted(counted, key=lambda each: (-each[1], each[0])) if in_order else list(counted)
    body = [f"| {what} | {count:,} |" for what, count in lines]
    return "\n".join([f"| {title} | {sum(count for _, count in lines):,} |", "|---|---:|", *body])
