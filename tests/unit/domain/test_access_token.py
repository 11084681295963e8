"""What a token must say to be worth a look, and what its claims let somebody do."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import Caller, Scope, parse_token
from app.domain.access_token import (
    ALGORITHMS,
    LEEWAY,
    LIFETIME_MAX,
    TOKEN_MAX,
    Expected,
    Refusal,
    TokenHeader,
    actor_of,
    read_claims,
    read_header,
)
from tests.tokens import AUDIENCE, ISSUER, SUBJECT, base64url, claims

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
EXPECTED = Expected(issuer=ISSUER, audience=AUDIENCE)
SECOND = timedelta(seconds=1)
OPERATORS = ["poczta-polska", "inpost"]


def read(given: object, now: datetime = NOW) -> Caller | Refusal:
    payload = given if isinstance(given, bytes) else json.dumps(given).encode()
    return read_claims(payload, EXPECTED, now=now)


def changed(**changes: object) -> Caller | Refusal:
    return read(claims("events:write", now=NOW, operators=OPERATORS, **changes))


def caller(**changes: object) -> Caller:
    found = changed(**changes)
    assert isinstance(found, Caller)
    return found


def unsigned(header: object, payload: bytes = b"{}") -> str:
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    return f"{base64url(written)}.{base64url(payload)}.c2ln"


def header_of(**changes: object) -> TokenHeader | Refusal:
    members = {"typ": "at+jwt", "alg": "ES256", "kid": "key-1"} | changes
    return read_header(unsigned({name: value for name, value in members.items() if value is not None}))


# headers


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_header_names_the_key_and_the_algorithm(algorithm: str) -> None:
    assert header_of(alg=algorithm) == TokenHeader(key_name="key-1", algorithm=algorithm)


def test_no_algorithm_counts_with_which_whoever_checks_could_sign() -> None:
    assert not {"none", "HS256", "HS384", "HS512"} & set(ALGORITHMS)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", "HS256", "HS512", "ES256K", "RSA-OAEP", "es256", None, 1, ["ES256"], {}]
)
def test_another_algorithm_is_refused(algorithm: object) -> None:
    assert header_of(alg=algorithm) is Refusal.ALGORITHM


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt", "application/AT+jwt"])
def test_the_type_is_that_of_access_tokens_in_either_form(kind: str) -> None:
    assert isinstance(header_of(typ=kind), TokenHeader)


@pytest.mark.parametrize("kind", [None, "", "JWT", "jwt", "at+jwt ", "logout+jwt", "at", 1, ["at+jwt"]])
def test_an_id_token_or_any_other_is_no_access_token(kind: object) -> None:
    assert header_of(typ=kind) is Refusal.TYPE


@pytest.mark.parametrize("name", [None, "", 1, ["key-1"], "k" * 256])
def test_without_the_name_of_a_key_nothing_is_looked_up(name: object) -> None:
    assert header_of(kid=name) is Refusal.HEADER


@pytest.mark.parametrize(
    "brought",
    [
        {"jku": "https://evil.example/keys"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"x5u": "https://evil.example/certificate"},
        {"x5c": ["AAAA"]},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
    ],
)
def test_a_token_that_brings_its_key_or_wants_to_be_read_otherwise_is_refused(brought: dict[str, object]) -> None:
    assert header_of(**brought) is Refusal.HEADER


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "e30..", "e30.e30.", ".e30.e30", "garbage"),
        unsigned(b'{"alg": "ES256", "alg": "none", "typ": "at+jwt", "kid": "key-1"}'),
        unsigned(b'["at+jwt"]'),
        unsigned(b"\xff{}"),
        unsigned(b"[" * 4000),
        unsigned(b'{"a":' * 1000),
        unsigned(b'{"kid": NaN}'),
        unsigned(b'{"n": ' + b"9" * 5000 + b"}"),
        unsigned({"typ": "at+jwt"}) + "\n",
        " " + unsigned({"typ": "at+jwt"}),
        unsigned({"typ": "at+jwt", "alg": "ES256", "kid": "k"}).replace(".", "=.", 1),
        unsigned({"typ": "at+jwt", "alg": "ES256", "kid": "k"}, b"a" * TOKEN_MAX),
        "é.é.é",
        "\0.\0.\0",
        "\ud800.a.b",
    ],
)
def test_what_is_no_token_is_refused_by_its_form(text: str) -> None:
    assert read_header(text) is Refusal.FORM


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_=-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True)))
def test_any_text_has_an_answer(text: str) -> None:
    assert isinstance(read_header(text), TokenHeader | Refusal)


# claims


def test_a_caller_has_the_scopes_and_operators_that_the_token_names() -> None:
    assert caller() == Caller(
        key_id=actor_of(ISSUER, SUBJECT),
        scopes=frozenset({Scope.EVENTS_WRITE}),
        operators=frozenset(OPERATORS),
        expires_at=NOW + timedelta(minutes=5),
    )


@pytest.mark.parametrize("given", [b"", b"null", b"[]", b'"a"', b"{", b"\xff", b"[" * 4000, b'{"a":' * 1000 + b"1"])
def test_claims_that_are_no_object_are_refused(given: bytes) -> None:
    assert read(given) is Refusal.CLAIMS


@pytest.mark.parametrize("name", ["scope", "awizo_operators", "iss", "aud", "exp", "unknown"])
def test_a_claim_that_is_made_twice_is_refused(name: str) -> None:
    written = json.dumps(claims("events:write", now=NOW, operators=OPERATORS, unknown=1))
    again = json.dumps({name: json.loads(written)[name]})[1:-1]
    assert isinstance(read(written.encode()), Caller)
    assert read(f"{written[:-1]}, {again}}}".encode()) is Refusal.CLAIMS


@pytest.mark.parametrize(
    "issuer", [None, "", ISSUER + "/", ISSUER.upper(), "https://id.example.org/realms/other", [ISSUER], {"a": ISSUER}]
)
def test_another_issuer_is_refused(issuer: object) -> None:
    assert changed(iss=issuer) is Refusal.ISSUER


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["account", AUDIENCE]])
def test_the_audience_is_one_text_or_one_of_several(audience: object) -> None:
    assert isinstance(changed(aud=audience), Caller)


@pytest.mark.parametrize(
    "audience",
    [None, "", [], AUDIENCE + "/", "account", [[AUDIENCE]], {"aud": AUDIENCE}, [AUDIENCE, 1], f"{AUDIENCE} account", 1],
)
def test_a_token_for_others_is_refused(audience: object) -> None:
    assert changed(aud=audience) is Refusal.AUDIENCE


def stamp(at: datetime) -> int:
    return int(at.timestamp())


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"exp": stamp(NOW - LEEWAY + SECOND), "iat": stamp(NOW - timedelta(minutes=9))}, None),
        ({"exp": stamp(NOW - LEEWAY), "iat": stamp(NOW - timedelta(minutes=9))}, Refusal.TIME),
        ({"iat": stamp(NOW + LEEWAY)}, None),
        ({"iat": stamp(NOW + LEEWAY + SECOND)}, Refusal.TIME),
        ({"nbf": stamp(NOW + LEEWAY)}, None),
        ({"nbf": stamp(NOW + LEEWAY + SECOND)}, Refusal.TIME),
        ({"exp": stamp(NOW + LIFETIME_MAX)}, None),
        ({"exp": stamp(NOW + LIFETIME_MAX + SECOND)}, Refusal.LIFETIME),
        ({"exp": stamp(NOW) + 60.5, "iat": stamp(NOW) + 0.5}, None),
    ],
)
def test_a_token_counts_from_its_start_to_its_end_within_the_leeway(
    change: dict[str, object], refusal: Refusal | None
) -> None:
    found = changed(**change)
    assert found is refusal or (refusal is None and isinstance(found, Caller))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1795431600", True, [1795431600], {}, -1, 10**12, 1e300, float("inf"), float("nan")])
def test_a_time_that_is_none_is_refused(name: str, value: object) -> None:
    assert changed(**{name: value}) is Refusal.CLAIMS


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_a_token_without_start_or_end_is_refused(name: str) -> None:
    assert changed(**{name: None}) is Refusal.CLAIMS


@pytest.mark.parametrize(
    ("change", "scopes"),
    [
        ({"scope": "events:write proofs:read"}, {Scope.EVENTS_WRITE, Scope.PROOFS_READ}),
        ({"scope": " openid  proofs:read "}, {Scope.PROOFS_READ}),
        ({"scope": "EVENTS:WRITE events:write:all events"}, set()),
        ({"scope": ""}, set()),
        ({"scope": None}, set()),
        ({"scope": None, "scp": "shipments:read proofs:read"}, {Scope.SHIPMENTS_READ, Scope.PROOFS_READ}),
        ({"scope": None, "scp": ["shipments:read", "openid"]}, {Scope.SHIPMENTS_READ}),
        ({"scope": None, "scp": ["shipments:read proofs:read"]}, set()),
        ({"scope": "openid", "scp": ["admin"]}, set()),
        ({"roles": ["admin"], "realm_access": {"roles": ["admin"]}, "scope": None}, set()),
    ],
)
def test_scopes_come_from_scope_or_else_from_scp(change: dict[str, object], scopes: set[Scope]) -> None:
    assert caller(**change).scopes == scopes


@pytest.mark.parametrize(
    "change",
    [
        {"scope": ["events:write"]},
        {"scope": 1},
        {"scope": {"admin": True}},
        {"scope": None, "scp": [["admin"]]},
        {"scope": None, "scp": 7},
        {"scope": None, "scp": {"admin": 1}},
    ],
)
def test_scopes_of_another_form_are_refused(change: dict[str, object]) -> None:
    assert changed(**change) is Refusal.CLAIMS


def test_without_the_claim_a_token_acts_for_nobody() -> None:
    assert caller(awizo_operators=None).operators == frozenset()
    assert caller(awizo_operators=None, scope="admin").operators == frozenset()
    assert caller(awizo_operators=[], scope="admin").operators == frozenset()


def test_only_an_admin_acts_for_all_and_only_when_the_token_says_so() -> None:
    assert caller(awizo_operators=["*"], scope="admin").operators is None
    assert caller(awizo_operators=["inpost", "*"], scope="openid admin").operators is None
    assert caller(awizo_operators=["*"], scope="proofs:read").operators == frozenset()
    assert caller(awizo_operators=["*", "inpost"], scope="proofs:read").operators == frozenset({"inpost"})


@pytest.mark.parametrize(
    "operators",
    [
        *("poczta-polska", "*", 1, True, {"poczta-polska": 1}),
        *(
            ["a b"],
            [""],
            ["**"],
            ["poczta-*"],
            [["*"]],
            [1],
            [None],
            ["poczta-polska", {}],
            ["a\n"],
            ["é"],
            ["a" * 129],
        ),
    ],
)
def test_operators_of_another_form_are_refused(operators: object) -> None:
    assert changed(awizo_operators=operators, scope="admin") is Refusal.CLAIMS


# who it is


def test_the_name_in_facts_is_that_of_the_subject_or_else_of_the_client() -> None:
    assert caller(sub="a", client_id="b").key_id == actor_of(ISSUER, "a")
    assert caller(sub=None, client_id="b").key_id == actor_of(ISSUER, "b")


@pytest.mark.parametrize("subject", ["", 1, ["a"], "s" * 256, "\ud800"])
def test_without_a_subject_nobody_can_be_named(subject: object) -> None:
    assert changed(sub=subject) is Refusal.CLAIMS
    assert changed(sub=None, client_id=subject) is Refusal.CLAIMS


def test_a_token_of_nobody_is_refused() -> None:
    assert changed(sub=None, client_id=None) is Refusal.CLAIMS


def test_the_name_is_what_the_documentation_lets_people_compute() -> None:
    # printf '%s\n%s' https://id.example.org/realms/post 5f0c6a2e-8d5e-4a3b-9c55-3f0f3ad1b0b7 | sha256sum | cut -c 1-24
    assert actor_of(ISSUER, SUBJECT) == "oidc:cd55ba632162fb76690a5941"


@given(st.text(max_size=255).filter(str.isprintable))
def test_a_name_fits_and_is_no_keys_and_tells_nothing(subject: str) -> None:
    name = actor_of(ISSUER, subject)
    assert len(name) == 29
    assert name.isascii()
    assert parse_token(f"awz_{name}_{'A' * 43}") is None
    assert name != actor_of(ISSUER + "/", subject)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_NAMES = ["iss", "aud", "exp", "iat", "nbf", "sub", "client_id", "scope", "scp", "awizo_operators"]


@given(st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=3))
def test_whatever_is_claimed_has_an_answer_and_opens_no_more_than_it_says(changes: dict[str, Any]) -> None:
    found = changed(**changes)
    assert isinstance(found, Caller | Refusal)
    if isinstance(found, Caller):
        assert found.operators is not None
        assert found.operators <= set(OPERATORS)


@given(st.binary())
def test_any_bytes_for_claims_are_refused(payload: bytes) -> None:
    assert isinstance(read(payload), Refusal)
