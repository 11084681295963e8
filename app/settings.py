"""Every setting, read once from `AWIZO_*` variables, `.env` or files. A bad one stops the start with one sentence."""

import os
import re
from collections.abc import Mapping
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from app.domain.channel import Channel
from app.domain.issuer_address import is_issuer_address
from app.domain.key_rate import KeyRate, parse_key_rate
from app.domain.pumping import CodeLimits, parse_code_limits
from app.domain.share import Share, parse_channels, parse_rates, parse_shares
from app.merkle.note import is_key_name
from app.setting_values import (
    POSTGRES,
    NamedWitness,
    check_database,
    has_bad_port,
    has_blank,
    is_given,
    parse_witnesses,
)
from app.usecases.name_attempts import BOUNCE_LOCAL_PART_MAX

# What must be set beside the name of a provider.
_SMS_NEEDS = {
    "twilio": ("twilio_account_sid", "twilio_auth_token", "twilio_from"),
    "smsapi": ("smsapi_token", "smsapi_from"),
    "gateway": ("gateway_file",),
}
_EMAIL_NEEDS = {"smtp": ("smtp_url", "email_from")}


# As it stands on SMTP's command line (RFC 5321 §4.1.2); quoted and non-ASCII local parts no relay is given.
_ADDRESS = re.compile(r"""[!#-'*+\-/-9=?A-Z^-~]+(\.[!#-'*+\-/-9=?A-Z^-~]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*""")


class SettingsError(Exception):
    """One sentence that names the setting and what is wrong with it. Never holds a value."""


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
    database_direct_url: SecretStr | None = None
    data_dir: Path = Path("./var")
    mark_file: Path | None = None
    public_url: str = "http://127.0.0.1:8000"
    oidc_issuer: str = ""
    oidc_audience: str = ""
    pdf_pkcs12: Path | None = None
    pdf_password: SecretStr = SecretStr("")
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
    smsapi_token: SecretStr = SecretStr("")
    smsapi_from: str = ""
    smsapi_base_url: str = "https://api.smsapi.pl"
    gateway_file: Path | None = None
    smtp_url: SecretStr = SecretStr("")
    email_from: str = ""
    bounce_address: str = ""
    provider_rates: str = ""
    resend_once: str = ""
    vocabulary_dir: Path | None = None
    code_countries: str = "PL,UA,DE,CZ,SK,LT"
    code_rates: str = "contact=5,prefix=30,day=5000"
    incident_rate: Annotated[int, Field(ge=0, le=1_000_000)] = 1_000
    incident_digest_seconds: Annotated[int, Field(ge=0, le=3_600)] = 60
    key_rate: str = "requests=10000/10,events=50000/10"
    operator_verified: bool = True
    pool_size: Annotated[int, Field(ge=1, le=500)] = 10
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("public_url", "twilio_base_url", "smsapi_base_url")
    @classmethod
    def _is_base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        # A user name would be told to providers, and with AWIZO_PUBLIC_URL to everybody, as a part of the log's name.
        has_more = parts.query or parts.fragment or parts.username is not None or has_blank(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or has_bad_port(parts) or has_more:
            raise ValueError("must be an http or https address without user name and query")
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _is_empty_or_issuer(cls, value: str) -> str:
        if value and not is_issuer_address(value):
            raise ValueError("must be an https address without user name and query, or http on this machine")
        return value

    @field_validator("oidc_audience")
    @classmethod
    def _is_one_printable_word(cls, value: str) -> str:
        if has_blank(value):
            raise ValueError("must be printable and without spaces")
        return value

    @field_validator("tsa_url")
    @classmethod
    def _is_empty_or_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or has_blank(value)):
            raise ValueError("must be an http or https address")
        if parts.username is not None or parts.query:
            raise ValueError("must hold no user name and no query: who stamps knows its clients by certificate")
        return value

    @field_validator(
        "database_direct_url", "mark_file", "gateway_file", "tsa_ca_file", "tsa_client_cert", "tsa_client_key",
        "vocabulary_dir", "pdf_pkcs12", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("witnesses")
    @classmethod
    def _are_witnesses(cls, value: str) -> str:
        parse_witnesses(value)
        return value

    @field_validator("twilio_auth_token", "smsapi_token")
    @classmethod
    def _is_one_word(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value().strip()  # a file's last line ends with a line break
        if not secret.isascii() or has_blank(secret):
            raise ValueError("must be printable ASCII without spaces")
        return SecretStr(secret)

    @field_validator("twilio_account_sid")
    @classmethod
    def _is_account(cls, value: str) -> str:
        if value and not (value.isascii() and value.isalnum()):
            raise ValueError("must be letters and digits")
        return value

    @field_validator("twilio_from", "smsapi_from")
    @classmethod
    def _is_sender_name(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be printable")
        return value

    @field_validator("email_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        address = parseaddr(value)[1]
        is_plain = value.strip() == address or value.rstrip().endswith(f"<{address}>")
        if value and not (is_plain and _ADDRESS.fullmatch(address)):
            raise ValueError("must be an address such as notices@example.org or awizo <notices@example.org>")
        return value

    @field_validator("bounce_address")
    @classmethod
    def _is_plain_address(cls, value: str) -> str:
        if value and (not _ADDRESS.fullmatch(value) or "+" in value):
            raise ValueError("must be a plain address without a plus, such as bounces@example.org")
        if len(value.partition("@")[0]) > BOUNCE_LOCAL_PART_MAX:
            raise ValueError(f"has more than {BOUNCE_LOCAL_PART_MAX} characters before the @, where a name must fit in")
        return value

    @field_validator("sms_providers", "email_providers")
    @classmethod
    def _are_shares(cls, value: str) -> str:
        parse_shares(value)
        return value

    @field_validator("provider_rates")
    @classmethod
    def _are_rates(cls, value: str) -> str:
        parse_rates(value)
        return value

    @field_validator("key_rate")
    @classmethod
    def _is_key_rate(cls, value: str) -> str:
        parse_key_rate(value)
        return value

    @field_validator("resend_once")
    @classmethod
    def _are_channels(cls, value: str) -> str:
        parse_channels(value)
        return value

    @field_validator("log_origin")
    @classmethod
    def _is_origin(cls, value: str | None) -> str | None:
        if value is not None and not is_key_name(value):
            raise ValueError("names a key: it is not empty and has no space and no plus")
        return value

    @field_validator("database_url", "database_direct_url")
    @classmethod
    def _is_known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_database(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _pooler_is_of_postgres(self) -> "Settings":
        urls = (self.database_url, self.database_direct_url)
        if urls[1] and not all(url and url.get_secret_value().startswith(POSTGRES) for url in urls):
            raise ValueError("AWIZO_DATABASE_DIRECT_URL is for PostgreSQL behind a pooler only")
        return self

    @model_validator(mode="after")
    def _audience_has_its_issuer(self) -> "Settings":
        if self.oidc_audience and not self.oidc_issuer:
            raise ValueError("AWIZO_OIDC_AUDIENCE is for tokens of AWIZO_OIDC_ISSUER, which is missing")
        return self

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
        for setting, known in (("SMS_PROVIDERS", _SMS_NEEDS), ("EMAIL_PROVIDERS", _EMAIL_NEEDS)):
            for share in parse_shares(getattr(self, setting.lower())):
                if share.provider not in known:
                    raise ValueError(f"AWIZO_{setting} can name {', '.join(sorted(known))}")
                for need in known[share.provider]:
                    if not is_given(getattr(self, need)):
                        raise ValueError(f"AWIZO_{need.upper()} is missing, and AWIZO_{setting} names {share.provider}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 – pydantic-settings names it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files come first: whoever mounts them means them, and an image has variables of its own."""
        return init_settings, file_secret_settings, env_settings, dotenv_settings

    @cached_property
    def sms_shares(self) -> tuple[Share, ...]:
        """The SMS providers of AWIZO_SMS_PROVIDERS with their weights."""
        return parse_shares(self.sms_providers)

    @cached_property
    def sends_email(self) -> bool:
        """Whether AWIZO_EMAIL_PROVIDERS names SMTP."""
        return bool(self.email_providers)

    @cached_property
    def code_limits(self) -> CodeLimits:
        """To where, and how many, one-time codes go."""
        return parse_code_limits(self.code_countries, self.code_rates)

    @model_validator(mode="after")
    def _code_limits_can_be_read(self) -> "Settings":
        try:
            parse_code_limits(self.code_countries, self.code_rates)
        except ValueError as error:
            raise ValueError(f"AWIZO_CODE_COUNTRIES and AWIZO_CODE_RATES {error}") from None
        return self

    @cached_property
    def rates(self) -> Mapping[str, float]:
        """How many messages a second each provider of AWIZO_PROVIDER_RATES may be given; others any number."""
        return parse_rates(self.provider_rates)

    @cached_property
    def key_limit(self) -> KeyRate:
        """How much one key may ask of this process."""
        return parse_key_rate(self.key_rate)

    @cached_property
    def resends(self) -> frozenset[Channel]:
        """On which channels an attempt that stays unknown is made once more."""
        return parse_channels(self.resend_once)

    @cached_property
    def origin_base(self) -> str:
        """What every shard's origin begins with: AWIZO_LOG_ORIGIN, else the public host + `/log`."""
        return self.log_origin or f"{urlsplit(self.public_url).netloc}/log"

    @cached_property
    def token_audience(self) -> str:
        """Whom an access token must be meant for: AWIZO_OIDC_AUDIENCE, else the public URL."""
        return self.oidc_audience or self.public_url

    @cached_property
    def named_witnesses(self) -> tuple[NamedWitness, ...]:
        """The witnesses of AWIZO_WITNESSES."""
        return parse_witnesses(self.witnesses)

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


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError with one sentence that names the first bad one."""
    directory = os.environ.get("AWIZO_SECRETS_DIR") or None
    if directory is not None and not os.access(directory, os.R_OK | os.X_OK):
        raise SettingsError("AWIZO_SECRETS_DIR cannot be read.")
    try:
        return Settings(_secrets_dir=directory)
    except SourceError:  # whose cause may repeat what is in the file
        raise SettingsError("AWIZO_SECRETS_DIR holds a file that cannot be read.") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = "AWIZO_" + str(first["loc"][0]).upper() if first["loc"] else ""
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{name} {reason}".strip() + ".") from None
