"""The description of any other SMS gateway, in TOML; docs/sms-gateway.md says what each entry means.

It holds no secret: what authenticates us comes from an environment variable or from another file.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from adapters.sms.verdict import Verdict
from app.domain.receipt import ReceiptStatus

# What a template may name. Headers are kept apart: they show in other people's logs.
BODY_VALUES = frozenset({"to", "to_digits", "body", "key", "callback_url", "validity"})
HEADER_VALUES = frozenset({"key", "validity"})
TEMPLATE = re.compile(r"\{\{|\}\}|\{([a-z_]+)\}|[{}]")
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a field name of RFC 9110 §5.1
_VISIBLE = re.compile(r"[ -~]*")


class GatewayFileError(Exception):
    """One clause of which the file is the subject: what is wrong with it. Never holds a secret."""


def names_in(template: str) -> list[str]:
    """The values that a template names, in order. Raises ValueError when a brace stands alone."""
    found = list(TEMPLATE.finditer(template))
    if any(match[0] in {"{", "}"} for match in found):
        raise ValueError("has a brace that stands alone: write {{ or }} for one that is meant")
    return [match[1] for match in found if match[1]]


def _is_pointer(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("must be a JSON Pointer (RFC 6901), such as /messages/0/id")
    return text


def _is_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https address without query")
    if parts.username is not None or not _VISIBLE.fullmatch(text) or " " in text:
        raise ValueError("must hold no user name, no blank and no letter beyond ASCII")
    return text


Pointer = Annotated[str, AfterValidator(_is_pointer)]
_Verdict = Annotated[Verdict, Field(strict=False)]
_Status = Annotated[ReceiptStatus, Field(strict=False)]
_Number = Annotated[str, Field(pattern=r"^[1-5][0-9]{2}$")]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class Auth(_Table):
    """The header that authenticates us: `prefix` and then the value of `variable`, or what `file` holds."""

    header: str = "Authorization"
    prefix: str = ""
    variable: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.variable is None) == (self.file is None):
            raise ValueError("needs either variable or file")
        if not _TOKEN.fullmatch(self.header):
            raise ValueError("has a header that is no name of one")
        return self


class Request(_Table):
    """The POST that we send; `headers` and the leaves of `body` are templates.

    There is no other method: what RFC 9110 §9.2.2 calls idempotent, clients and proxies may send twice by themselves.
    """

    url: Annotated[str, AfterValidator(_is_url)]
    encoding: Literal["json", "form"] = "json"
    headers: dict[str, str] = {}
    auth: Auth | None = None
    body: dict[str, Any]
    has_keys: bool = False

    @model_validator(mode="after")
    def _headers_are_public(self) -> Self:
        for name, template in self.headers.items():
            if not _TOKEN.fullmatch(name) or not _VISIBLE.fullmatch(template):
                raise ValueError(f"has a header that cannot be sent: {name}")
            if name.lower() in _SECRET_HEADERS:
                raise ValueError(f"has {name} among its headers: secrets belong into auth, and not into this file")
            if strangers := set(names_in(template)) - HEADER_VALUES:
                raise ValueError(f"has {{{min(strangers)}}} in a header, which may hold {{key}} and {{validity}} only")
        return self

    @model_validator(mode="after")
    def _body_carries_the_message(self) -> Self:
        leaves = list(_leaves(self.body))
        templates = [leaf for leaf in leaves if isinstance(leaf, str)]
        if not all(isinstance(leaf, str | int | float) for leaf in leaves):
            raise ValueError("has a date or time in its body: write it as a text")
        if self.encoding == "form" and not all(isinstance(value, str) for value in self.body.values()):
            raise ValueError("has a body that no form can hold: each value must be a text")
        named = {name for template in templates for name in names_in(template)}
        if strangers := named - BODY_VALUES:
            raise ValueError(f"has {{{min(strangers)}}} in its body, which names none of our values")
        if "{body}" not in templates or sum("body" in names_in(template) for template in templates) != 1:
            raise ValueError("needs one value of its body that is {body} and nothing else: the text leaves as sealed")
        if not named & {"to", "to_digits"}:
            raise ValueError("has no {to} in its body")
        if self.has_keys and "{key}" not in {*templates, *self.headers.values()}:
            raise ValueError("has keys, but sends no {key}")
        return self


class Acceptance(_Table):
    """Which answers say that the message was taken; where the gateway's id and status stand in them."""

    statuses: list[Annotated[int, Field(ge=200, le=299)]] = [200, 201, 202]
    id: Pointer | None = None
    status: Pointer | None = None


class Refusals(_Table):
    """What other answers mean. `accepted` are codes that say, in an error or not, that the message was taken."""

    code: Pointer | None = None
    accepted: list[str] = []
    codes: dict[str, _Verdict] = {}
    statuses: dict[_Number, _Verdict] = {}

    @model_validator(mode="after")
    def _codes_can_be_read(self) -> Self:
        if (self.codes or self.accepted) and self.code is None:
            raise ValueError("lists codes, but does not say where a code stands")
        return self


class Callback(_Table):
    """The names of the parameters of a report, and what each status means; `hard` ones speak of the number."""

    status: str
    id: str | None = None
    key: str | None = None
    statuses: dict[str, _Status]
    hard: list[str] = []


class Gateway(_Table):
    """The whole description."""

    request: Request
    acceptance: Acceptance = Acceptance()
    refusals: Refusals = Refusals()
    callback: Callback | None = None

    @model_validator(mode="after")
    def _can_call_back(self) -> Self:
        leaves = _leaves(self.request.body)
        calls = any("callback_url" in names_in(leaf) for leaf in leaves if isinstance(leaf, str))
        if self.callback is not None and not calls:
            raise ValueError("describes a callback, but its request sends no {callback_url}")
        return self


def read_gateway(path: Path, variables: Mapping[str, str]) -> tuple[Gateway, SecretStr]:
    """The description in that file, and the value of its auth header: empty where there is none.

    Raises GatewayFileError.
    """
    try:
        gateway = Gateway.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise GatewayFileError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise GatewayFileError("is not in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise GatewayFileError(f"is no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = f"{place} {str(first['msg']).removeprefix('Value error, ')}".strip()
        raise GatewayFileError(f"has a wrong entry: {reason}") from None
    return gateway, _secret(gateway.request.auth, variables)


def _secret(auth: Auth | None, variables: Mapping[str, str]) -> SecretStr:
    if auth is None:
        return SecretStr("")
    try:
        found = variables.get(auth.variable, "") if auth.variable else Path(auth.file or "").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise GatewayFileError("has a wrong entry: request.auth.file names a file that cannot be read") from None
    value = found.strip()
    if not value:
        source = "variable" if auth.variable else "file"
        raise GatewayFileError(f"has a wrong entry: request.auth.{source} names nothing that holds a secret")
    if not _VISIBLE.fullmatch(auth.prefix + value):
        raise GatewayFileError("has a wrong entry: request.auth leads to a secret that no header can hold")
    return SecretStr(auth.prefix + value)


def _leaves(value: Any) -> Iterator[object]:
    """Everything in a value of TOML that is no table and no array, however deep."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield value
