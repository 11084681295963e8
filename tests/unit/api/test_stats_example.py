"""The example of an answer with figures keeps to its schema, and its numbers to what they mean."""

from typing import Any

import jsonschema_rs

from app.api.answer_schemas import ANSWER_SCHEMAS
from app.api.stats_example import STATS_EXAMPLE
from app.domain.figures import LAG_BOUNDS, MORE, OUTCOME_MEASURES, RECONCILED, Lags

SCHEMA = {"$ref": "#/components/schemas/Stats", "components": {"schemas": dict(ANSWER_SCHEMAS)}}
DAY: dict[str, Any] = STATS_EXAMPLE["figures"][0]


def test_the_example_has_the_members_and_types_of_the_schema() -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert [error.message for error in validator.iter_errors(STATS_EXAMPLE)] == []
    assert not validator.is_valid(STATS_EXAMPLE | {"checkpoint": {}})


def test_the_example_names_every_outcome_once() -> None:
    assert DAY["outcomes"]["sms"].keys() == OUTCOME_MEASURES | {RECONCILED}


def test_the_median_of_the_example_is_that_of_its_lags() -> None:
    notices = DAY["notices"]
    counts = {str(each["up_to_seconds"] or MORE): each["count"] for each in notices["lag"]}
    assert counts.keys() <= {*map(str, LAG_BOUNDS), MORE}
    lags = Lags(counts=counts)
    assert (lags.notices, lags.median_seconds) == (notices["count"], notices["median_lag_seconds"])
