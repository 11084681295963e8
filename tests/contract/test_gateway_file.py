"""A gateway's description is taken whole, or refused with one clause that names the entry."""

from pathlib import Path

import pytest

from adapters.sms import GatewayFileError, read_gateway
from tests.contract.gateway_file import example

TOKEN = {"SMS_GATEWAY_TOKEN": " canary-7421\n"}


def read(tmp_path: Path, text: str, variables: dict[str, str] | None = None) -> tuple[object, str]:
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    gateway, secret = read_gateway(path, TOKEN if variables is None else variables)
    return gateway, secret.get_secret_value()


def why_not(tmp_path: Path, text: str, variables: dict[str, str] | None = None) -> str:
    with pytest.raises(GatewayFileError) as refused:
        read(tmp_path, text, variables)
    return str(refused.value)


def test_the_example_is_taken_with_its_secret_from_the_environment(tmp_path: Path) -> None:
    gateway, secret = read(tmp_path, example())
    assert secret == "Bearer canary-7421"
    assert "canary" not in repr(gateway)


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-7421\n")
    text = example().replace('variable = "SMS_GATEWAY_TOKEN"', f'file = "{tmp_path}/token"')
    assert read(tmp_path, text, {})[1] == "Bearer canary-7421"


def test_a_gateway_may_need_no_secret_and_report_nothing(tmp_path: Path) -> None:
    text = '[request]\nurl = "http://10.0.0.5/send"\nbody = { to = "{to}", text = "{body}" }\n'
    assert read(tmp_path, text, {})[1] == ""


CHANGES: dict[str, tuple[str, str, str]] = {
    "no address": ('url = "https://sms.example.net/v2/messages"', "", "request.url Field required"),
    "another scheme": ("https://sms", "ftp://sms", "request.url must be an http or https address without query"),
    "a query": ("/v2/messages", "/v2/messages?k=1", "request.url must be an http or https address without query"),
    "a user name": ("https://sms", "https://u:p@sms", "request.url must hold no user name"),
    "a method": ("encoding =", 'method = "PUT"\nencoding =', "request.method Extra inputs are not permitted"),
    "an entry unknown": ("has_keys = true", "has_key = true", "request.has_key Extra inputs are not permitted"),
    "a flag as text": ("has_keys = true", 'has_keys = "yes"', "request.has_keys Input should be a valid boolean"),
    "a secret header": ("Idempotency-Key =", "X-Api-Key =", "request has X-Api-Key among its headers"),
    "a header over two lines": ('"{key}"\n\n', '"a\\nb"\n\n', "request has a header that cannot be sent"),
    "a number in a header": ('Key = "{key}"', 'Key = "{to}"', "request has {to} in a header"),
    "two sources of a secret": ("prefix =", 'file = "x"\nprefix =', "request.auth needs either variable or file"),
    "a name unknown": ('"{validity}"', '"{seconds}"', "request has {seconds} in its body, which names none"),
    "a lone brace": ('"{validity}"', '"{validity"', "request has a brace that stands alone"),
    "a time": ('"{validity}"', "2026-11-20", "request has a date or time in its body"),
    "no recipient": ('["{to}"]', '["x"]', "request has no {to} in its body"),
    "a changed text": ('"{body}"', '"Awizo: {body}"', "request needs one value of its body that is {body}"),
    "a text twice": ('valid_for = "{validity}"', 'again = "{body}"', "request needs one value of its body"),
    "a table in a form": ('"json"', '"form"', "request has a body that no form can hold"),
    "a failure that accepts": ("[200, 202]", "[200, 503]", "acceptance.statuses.1 Input should be less than or equal"),
    "no pointer": ('"/error/code"', '"error.code"', "refusals.code must be a JSON Pointer"),
    "codes from nowhere": ('code = "/error/code"\n', "", "refusals lists codes, but does not say where"),
    "a verdict unknown": ('"hard"\n', '"bad"\n', "refusals.codes.invalid_number Input should be"),
    "a status unknown": ("503 =", "5030 =", "refusals.statuses.5030"),
    "a report unknown": ('EXPIRED = "failed"', 'EXPIRED = "lost"', "callback.statuses.EXPIRED Input should be"),
    "reports to nowhere": ("{callback_url}", "https://x", "describes a callback, but its request sends no"),
    "no TOML": ("[request]", "[request", "is no TOML: "),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_file_that_is_wrong_is_refused_with_the_entry_that_is(tmp_path: Path, name: str) -> None:
    old, new, why = CHANGES[name]
    assert old in example()
    said = why_not(tmp_path, example().replace(old, new, 1))
    assert said.removeprefix("has a wrong entry: ").startswith(why)
    assert said.startswith(("is no TOML: ", "has a wrong entry: "))
    assert "\n" not in said


def test_keys_that_are_never_sent_are_none(tmp_path: Path) -> None:
    text = example().replace('"{key}"', '"none"')
    assert why_not(tmp_path, text) == "has a wrong entry: request has keys, but sends no {key}"


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GatewayFileError, match=r"^cannot be read: No such file or directory$"):
        read_gateway(tmp_path / "none.toml", {})
    (tmp_path / "binary.toml").write_bytes(b"\xff")
    with pytest.raises(GatewayFileError, match=r"^is not in UTF-8$"):
        read_gateway(tmp_path / "binary.toml", {})


@pytest.mark.parametrize("variables", [{}, {"SMS_GATEWAY_TOKEN": "  "}])
def test_a_secret_that_is_missing_is_named_by_its_place(tmp_path: Path, variables: dict[str, str]) -> None:
    assert (
        why_not(tmp_path, example(), variables)
        == "has a wrong entry: request.auth.variable names nothing that holds a secret"
    )


def test_a_secret_that_no_header_can_hold_is_refused_unseen(tmp_path: Path) -> None:
    said = why_not(tmp_path, example(), {"SMS_GATEWAY_TOKEN": "canary\nX: y"})
    assert said == "has a wrong entry: request.auth leads to a secret that no header can hold"


def test_a_secret_file_that_is_not_there_is_named_by_its_place(tmp_path: Path) -> None:
    text = example().replace('variable = "SMS_GATEWAY_TOKEN"', f'file = "{tmp_path}/token"')
    assert why_not(tmp_path, text) == "has a wrong entry: request.auth.file names a file that cannot be read"
