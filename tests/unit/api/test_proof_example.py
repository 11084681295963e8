"""The proof bundle in openapi.yaml is one: both verifiers find that it holds together."""

from app.api.examples import SCHEMA_EXAMPLES
from app.api.proof_schema import PROOF_SCHEMA
from app.evidence.canonical import canonical_json
from app.evidence.verifier import Verdict, parse_vkey, verify_file
from app.evidence.verifier.form import read_bundle
from tests.second_verifier import verify

EXAMPLE = SCHEMA_EXAMPLES["ProofBundle"]


def test_the_example_verifies_under_the_keys_that_it_names() -> None:
    data = canonical_json(EXAMPLE)
    assert verify_file(data, vkeys=[parse_vkey(vkey) for vkey in EXAMPLE["vkeys"]]).verdict is Verdict.VERIFIED
    assert verify(data, EXAMPLE["vkeys"]).accepted


def test_the_schema_describes_every_member_that_the_verifier_asks_for() -> None:
    assert set(PROOF_SCHEMA["required"]) == set(PROOF_SCHEMA["properties"]) == EXAMPLE.keys()
    assert read_bundle(canonical_json(EXAMPLE)).pending == 0
