"""The second verifier against bundles that are written by hand: acceptance, damage, trees and notes."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.second_formats import Head, Refused, is_consistent, read_note, read_vkey, root_by_path, signers
from tests.second_story import (
    BROUGHT,
    KEY,
    OLD,
    OLD_KEY,
    ORIGIN,
    Story,
    b64,
    digest,
    encode,
    path,
    put,
    reason,
    sign,
    subproof,
    vkey,
)
from tests.second_verifier import check_checkpoint, rebuild_root, verify

Json = Any


def flip(text: str) -> str:
    """Another text of the same length: its middle character changed."""
    at = len(text) // 2
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]


def places(value: Json, *where: str | int) -> Iterator[tuple[str | int, ...]]:
    if where:
        yield where
    if isinstance(value, (dict, list)):
        for step in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[step], *where, step)


def reach(value: Json, where: tuple[str | int, ...]) -> Json:
    for step in where:
        value = value[step]
    return value


# --- acceptance ---


def test_a_bundle_written_by_hand_is_accepted_and_says_what_it_shows() -> None:
    verdict = verify(encode(Story().bundle()), BROUGHT)
    assert (verdict.accepted, verdict.reason) == (True, "")
    assert verdict.findings[:4] == (
        "notification.planned: our own record",
        "attempt.started: our own record",
        "receipt.delivered: a provider's report",
        "completeness is vouched for",
    )


def test_without_the_key_of_the_statements_completeness_is_not_vouched_for() -> None:
    assert "completeness is not vouched for" in verify(encode(Story().bundle()), BROUGHT[:1]).findings


def test_without_a_statement_completeness_is_not_vouched_for() -> None:
    bundle = Story().bundle() | {"statement": None}
    assert "completeness is not vouched for" in verify(encode(bundle), BROUGHT).findings


def test_pending_facts_are_a_warning() -> None:
    bundle = Story().bundle() | {"pending": 2, "statement": None}
    assert "warning: 2 facts are not yet under a published checkpoint" in verify(encode(bundle), BROUGHT).findings


def test_a_report_under_a_shared_key_is_said_to_prove_nothing_to_others() -> None:
    story = Story()
    story.documents["delivered"]["data"]["signature"] = "shared_key"
    findings = verify(encode(story.bundle()), BROUGHT).findings
    assert "a report was signed with a shared key, which proves nothing to a third party" in findings


def test_bytes_that_are_no_text_open_as_base64() -> None:
    story = Story()
    story.values["started"]["contact"], story.closed = b"\xff\xfe", {("started", "contact")}
    bundle = story.bundle()
    opening = {"salt": b64(story.salt("started", "contact")), "value_base64": b64(b"\xff\xfe")}
    bundle["facts"][1]["openings"]["contact"] = opening
    assert reason(bundle) == ""


def test_an_email_opens_among_the_originals_only() -> None:
    story = Story()
    story.documents["started"]["data"]["encoding"] = "mime"
    bundle = story.bundle()
    assert reason(bundle) == "opening"
    del bundle["facts"][1]["openings"]["content"]
    bundle["originals"].insert(1, story.original("started", "content", "message/rfc822"))
    assert reason(bundle) == ""


def test_an_anchor_in_a_shard_without_facts_counts_by_its_signature_alone() -> None:
    story, text = Story(), f"{OLD}\n9\n{b64(digest(b'old'))}\n"
    story.documents["planned"]["anchor"] = {"origin": OLD, "size": 9, "root": b64(digest(b"old"))}
    bundle = story.bundle()
    bundle["anchors"].insert(0, {"note": sign(text, (OLD, OLD_KEY)), "consistency": []})
    assert reason(bundle, [*BROUGHT, vkey(OLD, OLD_KEY)]) == ""
    assert reason(bundle) == "signature"


def test_an_event_of_an_older_shard_is_proven_there() -> None:
    story = Story()
    story.documents["event"]["anchor"] = None
    bundle = story.bundle()
    leaf = story.leaves[story.index["event"]]
    note = sign(f"{OLD}\n1\n{b64(leaf)}\n", (OLD, OLD_KEY))
    bundle["context"][0]["proof"] = f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}"
    assert reason(bundle, [*BROUGHT, vkey(OLD, OLD_KEY)]) == ""
    assert reason(bundle) == "signature"


def test_two_roots_named_for_one_size_of_one_shard_are_refused() -> None:
    story, notes = Story(), []
    for name in ("planned", "started"):
        old_root = b64(digest(name.encode()))
        story.documents[name]["anchor"] = {"origin": OLD, "size": 9, "root": old_root}
        notes.append({"note": sign(f"{OLD}\n9\n{old_root}\n", (OLD, OLD_KEY)), "consistency": []})
    bundle = story.bundle()
    bundle["anchors"] = [*notes, bundle["anchors"][0]]
    assert reason(bundle, [*BROUGHT, vkey(OLD, OLD_KEY)]) == "anchor"


# --- refusal: damage ---


def test_one_changed_byte_is_refused_wherever_it_stands() -> None:
    raw = encode(Story().bundle())
    for at in range(0, len(raw), 3):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert not verify(changed, BROUGHT).accepted, at


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda raw: raw + b"\n", "canonical"),
        (lambda raw: b" " + raw, "canonical"),
        (lambda raw: raw.replace(b'"pending":0', b'"pending":-0'), "canonical"),
        (lambda raw: raw.replace(b'"pending":0', b'"pending":0.0'), "json"),
        (lambda raw: raw.replace(b'"pending":0', b'"pending":0e1'), "json"),
        (lambda raw: raw.replace(b'"pending":0', b'"pending":NaN'), "json"),
        (lambda raw: raw.replace(b'"pending":0', b'"pending":9007199254740992'), "json"),
        (lambda raw: raw.replace(b'"pending":0', b'"pending":0,"pending":0'), "json"),
        (lambda raw: raw.replace(b'"limits":"', b'"limits":"\\ud800'), "json"),
        (lambda raw: raw.replace(b'"limits":"w', b'"limits":"\\u0077'), "canonical"),
        (lambda raw: raw.replace(b'"limits":"', b'"limits":"\xff'), "json"),
        (lambda raw: raw.replace(b'"limits":"', b'"limits":"x'), "digest"),
        (lambda raw: b"\xef\xbb\xbf" + raw, "json"),
        (lambda raw: b"[" * 100_000, "json"),
        (lambda raw: b"[]", "members"),
        (lambda raw: b"", "json"),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(change: Callable[[bytes], bytes], check: str) -> None:
    raw = encode(Story().bundle())
    assert change(raw) != raw
    assert verify(change(raw), BROUGHT).reason.split(":")[0] == check


FREE = {"limits", "witnesses", "media_type", "tsr"}  # words and foreign signatures that nothing here vouches for


def test_one_changed_character_is_refused_even_under_a_new_digest() -> None:
    bundle = Story().bundle()
    for where in places(bundle):
        text = reach(bundle, where)
        if isinstance(text, str) and text and where[-1] not in FREE:
            copied = copy.deepcopy(bundle)
            put(flip(text), *where)(copied)
            assert reason(copied) != "", where


OPTIONAL = {"statement", "timestamps", "originals", "openings"}  # may be empty: then less is shown, and no lie


@pytest.mark.parametrize("odd", [None, True, -1, "", [], {}, [[]], [{}], "x", {"a": "b"}])
def test_no_other_json_in_any_place_is_accepted_or_breaks_the_verifier(odd: Json) -> None:
    bundle = Story().bundle()
    for where in places(bundle):
        copied = copy.deepcopy(bundle)
        put(odd, *where)(copied)
        if where[-1] not in FREE | OPTIONAL and copied != bundle:
            assert reason(copied) != "", where
        else:
            reason(copied)


def test_a_member_more_or_less_is_refused_everywhere() -> None:
    bundle = Story().bundle()
    objects = [where for where in [(), *places(bundle)] if isinstance(reach(bundle, where), dict)]
    assert len(objects) > 20
    for where in objects:
        more = copy.deepcopy(bundle)
        reach(more, where)["extra"] = ""
        assert reason(more) != "", where
        for key in reach(bundle, where):
            less = copy.deepcopy(bundle)
            del reach(less, where)[key]
            assert "openings" in where[-1:] or reason(less) != "", (*where, key)


# --- keys, trees and notes ---


def test_a_checkpoint_under_a_key_that_was_not_brought_is_refused() -> None:
    bundle = Story().bundle()
    assert reason(bundle, []) == "signature"
    assert reason(bundle, [vkey(ORIGIN, OLD_KEY)]) == "signature"
    assert reason(bundle, [BROUGHT[1]]) == "signature"


INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
LEAVES = [digest(b"leaf", bytes([i])) for i in range(33)]


def test_the_root_of_the_known_certificate_transparency_leaves_is_rebuilt() -> None:
    leaves = [digest(b"\0", bytes.fromhex(each)) for each in INPUTS]
    assert rebuild_root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert rebuild_root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert rebuild_root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", range(1, 34))
def test_every_path_of_a_tree_leads_to_its_root_and_to_no_other_place(size: int) -> None:
    leaves = LEAVES[:size]
    whole = rebuild_root(leaves)
    for index in range(size):
        hashes = path(index, leaves)
        assert root_by_path(index, size, leaves[index], hashes) == whole
        assert root_by_path(index, size, leaves[index], [*hashes, whole]) != whole
        assert root_by_path(index, size, leaves[index], hashes[1:]) != whole or not hashes
        others = [other for other in range(size + 1) if other != index]
        assert all(root_by_path(other, size, leaves[index], hashes) != whole for other in others)


@pytest.mark.parametrize("size", range(1, 34))
def test_every_earlier_tree_is_consistent_with_its_own_proof_only(size: int) -> None:
    new = Head(origin=ORIGIN, size=size, root=rebuild_root(LEAVES[:size]))
    for earlier in range(1, size + 1):
        old = Head(origin=ORIGIN, size=earlier, root=rebuild_root(LEAVES[:earlier]))
        hashes = subproof(earlier, LEAVES[:size])
        assert is_consistent(old, new, hashes)
        assert not is_consistent(old, new, [*hashes, old.root])
        assert not is_consistent(old, Head(origin=ORIGIN, size=size, root=digest(new.root)), hashes)
        assert not is_consistent(Head(origin=ORIGIN, size=earlier, root=digest(old.root)), new, hashes)
        assert not hashes or not is_consistent(old, new, hashes[1:])
        assert earlier == size or not is_consistent(new, old, hashes)


def test_only_the_empty_tree_has_size_zero() -> None:
    empty, new = (Head(origin=ORIGIN, size=i, root=rebuild_root(LEAVES[:i])) for i in (0, 5))
    assert is_consistent(empty, new, [])
    assert is_consistent(empty, empty, [])
    assert not is_consistent(empty, new, [new.root])
    assert not is_consistent(Head(origin=ORIGIN, size=0, root=new.root), new, [])


def test_the_example_of_the_signed_note_specification_is_verified() -> None:
    key = read_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    note = (
        "This is an example message.\n\n— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert signers(note, [key], "note", "the example") == [key]
    with pytest.raises(Refused, match=r"^signature: "):
        signers(note.replace("an example", "no example"), [key], "note", "the example")


TEXT = f"{ORIGIN}\n5\n{b64(digest(b'root'))}\n"
GOOD = sign(TEXT, (ORIGIN, KEY))


def test_a_checkpoint_gives_origin_size_and_root() -> None:
    assert check_checkpoint(GOOD.encode(), BROUGHT[0]) == (ORIGIN, 5, digest(b"root"))


def test_lines_of_unknown_keys_are_passed_over() -> None:
    note = sign(TEXT, ("witness.example", OLD_KEY), (ORIGIN, OLD_KEY), (ORIGIN, KEY))
    assert check_checkpoint(note.encode(), BROUGHT[0])[1] == 5


@pytest.mark.parametrize(
    "note",
    [
        sign(TEXT, (ORIGIN, OLD_KEY)),
        sign(TEXT, (f"{ORIGIN}/statements", KEY)),
        sign(TEXT + "more\n", (ORIGIN, KEY)),
        sign(TEXT.replace("\n5\n", "\n05\n"), (ORIGIN, KEY)),
        sign(TEXT.replace("\n5\n", "\n+5\n"), (ORIGIN, KEY)),
        sign(TEXT.replace("\n5\n", "\n٥\n"), (ORIGIN, KEY)),
        sign(f"{ORIGIN}\n5\n{b64(b'short')}\n", (ORIGIN, KEY)),
        sign(f"\n{TEXT}", (ORIGIN, KEY)),
        GOOD.replace("=\n\n", "=\r\n\r\n"),
        GOOD.replace("— ", "- "),
        GOOD.replace("\n\n", "\n"),
        GOOD + "\n",
        GOOD + "words\n",
        GOOD + GOOD.split("\n\n")[1].replace("— ", "—  "),
        GOOD[:-1],
        TEXT + "\n",
        "",
    ],
)
def test_a_malformed_or_foreign_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(Refused):
        check_checkpoint(note.encode(), BROUGHT[0])


def test_a_checkpoint_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(Refused, match="UTF-8"):
        check_checkpoint(GOOD.encode() + b"\xff", BROUGHT[0])


def test_a_note_of_more_than_a_hundred_signatures_is_refused() -> None:
    lines = GOOD.split("\n\n")[1]
    assert len(read_note(f"{TEXT}\n{lines * 16}", "note", "it")[1]) == 16
    with pytest.raises(Refused, match="too many"):
        read_note(f"{TEXT}\n{lines * 101}", "note", "it")


@pytest.mark.parametrize(
    "bad",
    [
        BROUGHT[0].replace("+", " ", 1),
        BROUGHT[0].replace("2026h2", "2026h3"),
        BROUGHT[0].upper(),
        BROUGHT[0] + "\n",
        BROUGHT[0][:-4],
        "name+00000000+" + b64(b"\x04" + bytes(32)),
        "",
    ],
)
def test_a_bad_vkey_is_refused(bad: str) -> None:
    assert verify(encode(Story().bundle()), [bad]).reason.startswith("vkey: ")
