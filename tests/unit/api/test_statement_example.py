"""The example of a statement about a shipment in openapi.yaml is one: both verifiers find that it holds together."""

from app.api.shipment_statement_schema import STATEMENT_SCHEMA
from app.evidence.canonical import canonical_json
from app.evidence.verifier import Verdict, parse_vkey, verify_file
from tests.second_shipment import verify_statement


def test_the_example_verifies_under_the_keys_that_it_names() -> None:
    (example,) = STATEMENT_SCHEMA["examples"]
    assert example.keys() == set(STATEMENT_SCHEMA["required"])
    data = canonical_json(example)
    assert verify_file(data, vkeys=[parse_vkey(vkey) for vkey in example["vkeys"]]).verdict is Verdict.VERIFIED
    assert verify_statement(data, example["vkeys"], ("poczta-polska", "never-named")).accepted
