"""What an export was asked for with comes back from what was kept of it."""

import json

from app.domain.channel import Channel
from app.storage.search import Search
from app.usecases.export_question import ExportQuestion, read_question


def test_what_was_asked_comes_back_from_what_was_kept() -> None:
    search = Search(operators=("inpost",), contact=(Channel.SMS, "+48600100200"), facility="WAW1", courier="7", grade=4)
    asked = ExportQuestion(search=search, opened=frozenset({"contact"}), reason="an audit")
    assert read_question(asked.to_bytes()) == asked


def test_a_question_that_was_kept_before_more_could_be_asked_is_read() -> None:
    asked = ExportQuestion(search=Search(operators=("inpost",), shipment="R-1"), opened=None, reason="an audit")
    kept = asked.members()
    for name in ("facility", "courier", "grade"):
        del kept["filter"][name]
    assert read_question(json.dumps(kept).encode()) == asked
