"""Trust policies: the specification's example, the rules of quorums, and every way in which a line can be wrong."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.merkle.cosignature import CosignerKey, cosign
from app.merkle.note import NoteError, VKey
from app.merkle.policy import Policy, PolicyError, parse_policy

TEXT = "log.example/2026h2\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def private(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def log(seed: int, name: str = "log.example/2026h2") -> VKey:
    return VKey(name=name, public_key=private(seed).public_key().public_bytes_raw())


def witness(seed: int, name: str = "witness.example/w") -> CosignerKey:
    return CosignerKey(name=name, public_key=private(seed).public_key().public_bytes_raw())


def lines(*text: str) -> bytes:
    return "".join(f"{line}\n" for line in text).encode()


W = [f"witness w{seed} {witness(seed)}" for seed in range(1, 7)]
# The shape of the example in c2sp.org/tlog-policy, keys filled in.
EXAMPLE = lines(
    f"log {log(0)}",
    "",
    *(f"witness X{seed} {witness(seed)}" for seed in (1, 2, 3)),
    "group X-witnesses 2 X1 X2 X3",
    "",
    *(f"witness Y{seed - 3} {witness(seed)}" for seed in (4, 5, 6)),
    "group Y-witnesses any Y1 Y2 Y3",
    "",
    "group X-and-Y all X-witnesses Y-witnesses",
    "quorum X-and-Y",
)


@pytest.mark.parametrize(
    ("names", "enough"),
    [
        (set(), False),
        ({"X1", "X2"}, False),
        ({"X1", "Y1"}, False),
        ({"Y1", "Y2", "Y3"}, False),
        ({"X1", "X3", "Y2"}, True),
        ({"X1", "X2", "X3", "Y1", "Y2", "Y3"}, True),
        ({"X-witnesses", "Y-witnesses"}, False),
        ({"X-and-Y"}, False),
        ({"none", "stranger"}, False),
    ],
)
def test_the_example_of_the_specification_asks_two_of_three_and_one_of_three(names: set[str], enough: bool) -> None:
    assert parse_policy(EXAMPLE).satisfied_by(names) is enough


def test_a_log_and_a_witness_may_have_an_address() -> None:
    policy = parse_policy(
        lines(f"log {log(0)} https://log.example/", f"witness w {witness(1)} https://w.example/s", "quorum w")
    )
    assert [(item.vkey, item.url) for item in policy.logs] == [(log(0), "https://log.example/")]
    assert [(item.name, item.key, item.url) for item in policy.witnesses] == [("w", witness(1), "https://w.example/s")]
    assert policy.vkeys == (log(0),)


def test_the_quorum_may_be_one_witness() -> None:
    policy = parse_policy(lines(W[0], W[1], "quorum w2"))
    assert policy.asks_for_witnesses
    assert not policy.satisfied_by({"w1"})
    assert policy.satisfied_by({"w2"})


def test_a_policy_of_none_asks_for_no_witness() -> None:
    policy = parse_policy(b"quorum none\n")
    assert policy == Policy(logs=(), witnesses=(), groups=(), quorum="none")
    assert not policy.asks_for_witnesses
    assert policy.satisfied_by(())


def test_blanks_comments_and_lines_after_the_quorum_are_read_as_the_specification_says() -> None:
    text = f"# a comment\n\n \t\n\t# another\n  witness\tw1 \t {witness(1)}  \nquorum w1\nlog {log(0)}\n"
    policy = parse_policy(text.encode())
    assert (len(policy.logs), len(policy.witnesses)) == (1, 1)


def test_the_last_line_may_lack_its_newline() -> None:
    assert parse_policy(lines(W[0]) + b"quorum w1").quorum == "w1"


def test_thirty_two_of_each_and_more_are_read() -> None:
    witnesses = [f"witness w{seed} {witness(seed)}" for seed in range(40)]
    groups = [f"group g{number} all w{number}" for number in range(40)]
    logs = [f"log {log(seed)}" for seed in range(40)]
    policy = parse_policy(lines(*logs, *witnesses, *groups, "quorum g39"))
    assert (len(policy.logs), len(policy.witnesses), len(policy.groups)) == (40, 40, 40)


def test_names_are_compared_octet_by_octet() -> None:
    kelvin, octet = "\u212a".encode(), b"\xff"
    head = b"witness K %s\n" % str(witness(1)).encode() + b"witness %s %s\n" % (kelvin, str(witness(2)).encode())
    policy = parse_policy(head + b"witness %s %s\nquorum %s\n" % (octet, str(witness(3)).encode(), octet))
    assert policy.satisfied_by([policy.witnesses[2].name])
    assert not policy.satisfied_by([policy.witnesses[0].name, policy.witnesses[1].name])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, lines("nonsense", "quorum none")),
        (1, lines("Log x", "quorum none")),
        (1, lines("log", "quorum none")),
        (1, lines("log rubbish", "quorum none")),
        (1, lines(f"log {witness(0)}", "quorum none")),
        (1, lines(f"log {log(0)} https://a https://b", "quorum none")),
        (2, lines(f"log {log(0)}", f"log {log(0)}", "quorum none")),
        (2, lines(f"log {log(0)}", f"log {log(0, 'log.example/2027h1')}", "quorum none")),
        (1, lines("witness w", "quorum none")),
        (1, lines(f"witness {witness(1)}", "quorum none")),
        (1, lines(f"witness w {log(1)}", "quorum none")),
        (1, lines(f"witness w {witness(1)} https://a https://b", "quorum none")),
        (1, lines(f"witness none {witness(1)}", "quorum none")),
        (2, lines(W[0], f"witness w1 {witness(2)}", "quorum none")),
        (2, lines(W[0], f"witness w2 {witness(1)}", "quorum none")),
        (2, lines(W[0], f"witness w2 {witness(1, 'witness.example/renamed')}", "quorum none")),
        (2, lines(W[0], "group g", "quorum none")),
        (2, lines(W[0], "group g any", "quorum none")),
        (2, lines(W[0], "group g w1", "quorum none")),
        (2, lines(W[0], "group g 0 w1", "quorum none")),
        (2, lines(W[0], "group g 2 w1", "quorum none")),
        (2, lines(W[0], "group g -1 w1", "quorum none")),
        (2, lines(W[0], "group g +1 w1", "quorum none")),
        (2, lines(W[0], "group g 1.0 w1", "quorum none")),
        (2, lines(W[0], "group g 99999999999 w1", "quorum none")),
        (2, lines(W[0], "group g ALL w1", "quorum none")),
        (2, lines(W[0], "group w1 any w1", "quorum none")),
        (2, lines(W[0], "group none any w1", "quorum none")),
        (2, lines(W[0], "group g any none", "quorum none")),
        (2, lines(W[0], "group g any g", "quorum none")),
        (2, lines(W[0], "group g any w2", W[1], "quorum none")),
        (2, lines(W[0], "group g all w1 w1", "quorum none")),
        (4, lines(W[0], W[1], "group g all w1", "group h all w1 w2", "quorum none")),
        (1, lines("quorum")),
        (1, lines("quorum w1", W[0])),
        (2, lines(W[0], "quorum w1 w1")),
        (2, lines(W[0], "quorum any")),
        (3, lines(W[0], "quorum w1", "quorum w1")),
        (2, lines("quorum none", "quorum none")),
        (1, b"quorum none\r\n"),
        (1, b"quorum\x0bnone\n"),
        (1, b"# a comment with \x1b[0m\nquorum none\n"),
        (1, b"quorum none\x00\n"),
        (1, b"quorum none\x7f\n"),
        (1, b"\xef\xbb\xbfquorum none\n"),
        (1, "quorum\u00a0none\n".encode()),
    ],
)
def test_a_malformed_line_is_an_error_that_names_it(number: int, text: bytes) -> None:
    with pytest.raises(PolicyError, match=rf"^line {number}: "):
        parse_policy(text)


@pytest.mark.parametrize("text", [b"", b"\n", lines(W[0]), lines("# quorum none")])
def test_a_policy_without_a_quorum_line_is_an_error(text: bytes) -> None:
    with pytest.raises(PolicyError, match="no quorum line"):
        parse_policy(text)


def test_who_cosigned_is_told_by_name_and_time() -> None:
    policy = parse_policy(lines(W[0], W[1], W[2], "quorum none"))
    given = [
        cosign(TEXT, key=witness(seed), sign=private(seed).sign, at=at) for seed, at in ((2, 90), (2, 80), (3, 70))
    ]
    assert policy.cosigners(TEXT, given) == {"w2": 80, "w3": 70}


def test_lines_by_strangers_are_passed_over_even_when_bad() -> None:
    policy = parse_policy(lines(W[0], "quorum w1"))
    stranger = cosign(TEXT, key=witness(5), sign=private(6).sign, at=70)
    assert policy.cosigners(TEXT, [stranger]) == {}


def test_a_bad_line_by_a_known_witness_is_no_line_to_pass_over() -> None:
    policy = parse_policy(lines(W[0], "quorum w1"))
    good = cosign(TEXT, key=witness(1), sign=private(1).sign, at=70)
    with pytest.raises(NoteError, match="does not hold"):
        policy.cosigners(TEXT, [good, good._replace(signature=bytes(72))])
