"""The verifier of proof bundles, usable as a library by anyone who has the bytes of a bundle and the log's keys.

    from app.evidence.verifier import parse_vkeys, verify_bundle

    report = verify_bundle(bundle_bytes, vkeys=parse_vkeys(key_file_text))
    if report.verdict is Verdict.VERIFIED:
        for fact in report.facts:
            print(fact.at, fact.type, fact.grade_words)
    else:
        for check in report.with_outcome(Outcome.FAILS):
            print(check.name, check.sentence)

It reads nothing, asks nobody, and needs no more than the standard library, `cryptography` and `rfc8785`. Trust comes
from `vkeys`, which must have come to the verifier by another way than the bundle. The checks, in order:

- `form`: canonical JSON (RFC 8785), exact members, well-formed values
- `documents`: each document as the catalogue has its type
- `digest`: the file was not damaged
- `openings`, `originals`: what is shown is what was sealed
- `inclusion`: each fact is a leaf of its shard's tree (RFC 9162), under one checkpoint
- `checkpoints`, `signature`: signed by a key in the bundle; by a key that the verifier brought
- `chain`, `context`, `anchors`: no gap, nothing that a fact names is missing, the log only ever grew
- `completeness`: the log states under its second key that no published fact was left out
- `pending`: what is not yet in the proof
- `witnesses`: cosigned as a trust policy asks, if `policy` is given (c2sp.org/tlog-policy): what `parse_policy` reads
  from its file; the keys of the logs that it names count as brought
- `timestamps`: by when the facts existed, if `stamps` is given: a function that checks time stamps (RFC 3161)

Statements about one shipment (`verify_shipment`; `verify_file` looks which of the two a file is) are checked in the
same way; in place of `chain` and `context` stands `subject`: everything is about the one shipment.
"""

from app.evidence.verifier.report import Check, FactLine, Outcome, Report, ShipmentLine, Verdict
from app.evidence.verifier.shipment import Named, verify_file, verify_shipment
from app.evidence.verifier.stamps import StampChecker, StampFinding, StampHolds, StampRefused
from app.evidence.verifier.verify import verify_bundle
from app.merkle.note import NoteError, VKey, parse_vkey, parse_vkeys
from app.merkle.policy import Policy, PolicyError, parse_policy

__all__ = [
    "Check",
    "FactLine",
    "Named",
    "NoteError",
    "Outcome",
    "Policy",
    "PolicyError",
    "Report",
    "ShipmentLine",
    "StampChecker",
    "StampFinding",
    "StampHolds",
    "StampRefused",
    "VKey",
    "Verdict",
    "parse_policy",
    "parse_vkey",
    "parse_vkeys",
    "verify_bundle",
    "verify_file",
    "verify_shipment",
]
