"""Every setting, read once from `AWIZO_*` variables or `.env`. A bad one stops the start with one sentence."""

from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.merkle.cosignature import CosignerKey, parse_cosigner_key
from app.merkle.note import NoteError, is_key_name


class SettingsError(Exception):
    """One sentence that names the setting and what is wrong with it. Never holds a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWitness:
    """A witness as AWIZO_WITNESSES names it."""

    key: CosignerKey
    url: str


class Settings(BaseSettings):
    """The configuration of one process. Secrets are `SecretStr`: they show in no repr, log or traceback."""

    model_config = SettingsConfigDict(
        env_prefix="AWIZO_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr = SecretStr("sqlite+aiosqlite:///./var/awizo.db")
    data_dir: Path = Path("./var")
    mark_file: Path | None = None
    public_url: str = "http://127.0.0.1:8000"
    log_origin: str | None = None
    log_public: bool = True
    witnesses: str = ""
    witness_quorum: Annotated[int, Field(ge=1)] = 1
    tsa_url: str = ""
    tsa_ca_file: Path | None = None
    tsa_client_cert: Path | None = None
    tsa_client_key: Path | None = None
    retention_months: Annotated[int, Field(ge=1, le=1200)] = 13
    skeleton_years: Annotated[int, Field(ge=1, le=1000)] = 10
    sms_providers: str = ""
    email_providers: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_base_url: str = "https://api.twilio.com"
    smtp_url: SecretStr = SecretStr("")
    email_from: str = ""
    operator_verified: bool = True
    pool_size: Annotated[int, Field(ge=1, le=500)] = 10
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("public_url", "twilio_base_url")
    @classmethod
    def _is_base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an http or https address without query")
        return value.rstrip("/")

    @field_validator("tsa_url")
    @classmethod
    def _is_empty_or_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or _has_blank(value)):
            raise ValueError("must be an http or https address")
        if parts.username is not None or parts.query:
            raise ValueError("must hold no user name and no query: who stamps knows its clients by certificate")
        return value

    @field_validator("mark_file", "tsa_ca_file", "tsa_client_cert", "tsa_client_key", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("witnesses")
    @classmethod
    def _are_witnesses(cls, value: str) -> str:
        _parse_witnesses(value)
        return value

    @field_validator("email_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        if value and "@" not in parseaddr(value)[1]:
            raise ValueError("must be an address such as notices@example.org or awizo <notices@example.org>")
        return value

    @field_validator("log_origin")
    @classmethod
    def _is_origin(cls, value: str | None) -> str | None:
        if value is not None and not is_key_name(value):
            raise ValueError("names a key: it is not empty and has no space and no plus")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_known_database(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite+aiosqlite:", "postgresql+asyncpg:")):
            raise ValueError("must begin with sqlite+aiosqlite: or postgresql+asyncpg:")
        try:
            make_url(value.get_secret_value())
        except (ArgumentError, ValueError):  # whose messages repeat what may be a part of the password
            raise ValueError("is not the address of a database") from None
        return value

    @model_validator(mode="after")
    def _quorum_can_be_reached(self) -> "Settings":
        if self.witnesses and self.witness_quorum > len(self.named_witnesses):
            raise ValueError("AWIZO_WITNESS_QUORUM is larger than the number of AWIZO_WITNESSES")
        return self

    @model_validator(mode="after")
    def _client_certificate_has_its_key(self) -> "Settings":
        if (self.tsa_client_cert is None) != (self.tsa_client_key is None):
            raise ValueError("AWIZO_TSA_CLIENT_CERT and AWIZO_TSA_CLIENT_KEY need each other")
        return self

    @model_validator(mode="after")
    def _providers_are_whole(self) -> "Settings":
        needs = {
            "twilio": {
                "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
                "TWILIO_AUTH_TOKEN": self.twilio_auth_token.get_secret_value(),
                "TWILIO_FROM": self.twilio_from,
            },
            "smtp": {"SMTP_URL": self.smtp_url.get_secret_value(), "EMAIL_FROM": self.email_from},
        }
        for setting, known in (("SMS_PROVIDERS", "twilio"), ("EMAIL_PROVIDERS", "smtp")):
            named = self.sms_providers if known == "twilio" else self.email_providers
            if named not in {"", known}:
                raise ValueError(f"AWIZO_{setting} must be {known} or empty")
            for need, value in needs[known].items() if named else ():
                if not value:
                    raise ValueError(f"AWIZO_{need} is missing, and AWIZO_{setting} names {known}")
        return self

    @cached_property
    def origin_base(self) -> str:
        """What every shard's origin begins with: AWIZO_LOG_ORIGIN, else the public host + `/log`."""
        return self.log_origin or f"{urlsplit(self.public_url).netloc}/log"

    @cached_property
    def named_witnesses(self) -> tuple[NamedWitness, ...]:
        """The witnesses of AWIZO_WITNESSES."""
        return _parse_witnesses(self.witnesses)

    @cached_property
    def witness_policy(self) -> str:
        """The part of a policy (c2sp.org/tlog-policy) that is about witnesses; empty without any."""
        if not self.named_witnesses:
            return ""
        lines = [f"witness {each.key.name} {each.key} {each.url}" for each in self.named_witnesses]
        names = " ".join(each.key.name for each in self.named_witnesses)
        return "\n".join([*lines, f"group witnesses {self.witness_quorum} {names}", "quorum witnesses", ""])

    @cached_property
    def mark_path(self) -> Path:
        """Where the last signed checkpoint is kept, outside the database."""
        return self.mark_file or self.data_dir / "mark"


def _has_blank(text: str) -> bool:
    return any(character.isspace() or not character.isprintable() for character in text)


def _parse_witnesses(text: str) -> tuple[NamedWitness, ...]:
    found: dict[str, NamedWitness] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        vkey, _, url = entry.partition(" ")
        parts = urlsplit(url.strip())
        try:
            key = parse_cosigner_key(vkey)
        except NoteError as error:
            raise ValueError(f"must be pairs of vkey and address: {error}") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or _has_blank(url.strip()):
            raise ValueError("must be pairs of vkey and address: an address begins with http:// or https://")
        if parts.query or parts.fragment:
            raise ValueError("must be pairs of vkey and address: an address has no query and no fragment")
        if parts.username is not None:
            raise ValueError("must hold no user name: the addresses are published with every proof")
        if found.setdefault(key.name, NamedWitness(key=key, url=url.strip().rstrip("/"))).key != key:
            raise ValueError("names two witnesses alike")
    return tuple(found.values())


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError with one sentence that names the first bad one."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "AWIZO_" + str(first["loc"][0]).upper() if first["loc"] else ""
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{name} {reason}".strip() + ".") from None
