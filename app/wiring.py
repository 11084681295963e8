"""Builds a process from its settings. The only importer of adapters."""

import os
import random
import secrets
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr
from uuid_utils.compat import uuid7

from adapters.ed25519_signer import Ed25519Signer, KeyFolder, load_or_create_key
from adapters.http_log import HttpLog
from adapters.http_witness import HttpWitness
from adapters.mail_reports import MailReports
from adapters.mark_file import MarkFile
from adapters.oidc_issuer import OidcIssuer, issuer_client
from adapters.pades_signer import CredentialsError, PadesSigner, own_credentials, read_credentials
from adapters.rfc3161_timestamp import Rfc3161Timestamper
from adapters.sms import (
    Gateway,
    GatewayCallbacks,
    GatewayFileError,
    HttpGateway,
    SmsApi,
    SmsApiCallbacks,
    TwilioCallbacks,
    TwilioSms,
    read_gateway,
)
from adapters.smtp_email import SmtpEmail, SmtpRelay
from adapters.webhook_http import WebhookHttp
from app.domain.event import vocabulary_name
from app.domain.vocabularies import SUFFIX, TABLE_BYTES_MAX, built_in
from app.domain.vocabulary import Vocabularies, VocabularyError, read_vocabularies
from app.evidence.statement import KEY_SUFFIX
from app.ports import (
    DocumentSigner,
    InboundParser,
    ReceiptParser,
    ReportParser,
    Signer,
    SigningKeys,
    Surroundings,
    Timestamper,
    Transport,
    WebhookCaller,
)
from app.settings import Settings, SettingsError
from app.storage.database import Database
from app.storage.vault import Vault
from app.usecases.ask_witnesses import KnownWitness, Witnesses
from app.usecases.dispatch_notifications import Provider
from app.usecases.name_attempts import envelope_id
from app.usecases.seal_log import Sealer

if TYPE_CHECKING:
    from app.usecases.check_token import AccessTokens


def _now() -> datetime:
    """Milliseconds are what facts can hold; nothing here is finer."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def real_surroundings() -> Surroundings:
    """The system's clock, UUIDv7s, randomness."""
    return Surroundings(clock=_now, new_id=uuid7, entropy=secrets.token_bytes, jitter=random.random)


def signing_keys(data_dir: Path) -> SigningKeys:
    """The keys of the log and of its statements, made at the first start."""
    return KeyFolder(data_dir / "keys", statements_suffix=KEY_SUFFIX)


def witness_signer(key_file: Path, name: str) -> Signer:
    """The signer of a witness of this name, with a key that is nobody else's."""
    return Ed25519Signer(name, load_or_create_key(key_file))


def open_database(settings: Settings) -> Database:
    """The database with the vault that reads people's values in it."""
    url, is_pooled = settings.database_url.get_secret_value(), settings.database_direct_url is not None
    return Database(url, _vault(settings), pool_size=settings.pool_size, is_pooled=is_pooled)


def open_database_directly(settings: Settings) -> Database:
    """The database past a pooler, if there is one, with nothing set but what the server sets by itself.

    For migrations, which take their time.
    """
    url = settings.database_direct_url or settings.database_url
    return Database(url.get_secret_value(), _vault(settings), pool_size=1, stall_seconds=None, command_seconds=None)


def _vault(settings: Settings) -> Vault:
    return Vault(load_or_create_key(settings.data_dir / "keys" / "root.key"))


def mark_of(settings: Settings) -> MarkFile:
    """Where the last signed checkpoint is remembered."""
    return MarkFile(settings.mark_path)


def sealer_of(settings: Settings, database: Database) -> Sealer:
    """The sealer of this deployment's log."""
    return Sealer(
        database,
        origin_base=settings.origin_base,
        keys=signing_keys(settings.data_dir),
        mark=mark_of(settings),
        surroundings=real_surroundings(),
        witnesses=witnesses_of(settings),
    )


def witnesses_of(settings: Settings) -> Witnesses:
    """Those who cosign the checkpoints of this deployment's log."""
    known = [
        KnownWitness(witness=HttpWitness(name=named.key.name, url=named.url), key=named.key)
        for named in settings.named_witnesses
    ]
    return Witnesses(known, surroundings=real_surroundings())


def timestamper(settings: Settings) -> Timestamper | None:
    """The time stamping authority, if there is one. Raises SettingsError when a file for it cannot be used."""
    if not settings.tsa_url:
        return None
    try:
        authorities = settings.tsa_ca_file.read_bytes() if settings.tsa_ca_file else None
    except OSError as error:
        raise SettingsError(f"AWIZO_TSA_CA_FILE cannot be read: {error.strerror}.") from None
    try:
        return Rfc3161Timestamper(
            settings.tsa_url,
            ca_certificates=authorities,
            client_certificate=settings.tsa_client_cert,
            client_key=settings.tsa_client_key,
        )
    except OSError:  # ssl.SSLError is one; the text of either would name the file, at best
        raise SettingsError("AWIZO_TSA_CLIENT_CERT and AWIZO_TSA_CLIENT_KEY are no usable pair in PEM.") from None
    except ValueError:
        raise SettingsError("AWIZO_TSA_CA_FILE holds no certificate in PEM.") from None


def access_tokens(settings: Settings) -> "AccessTokens | None":
    """What checks access tokens, if there is an issuer whose tokens count."""
    if not settings.oidc_issuer:
        return None
    from app.usecases.check_token import AccessTokens  # noqa: PLC0415 – PyJWT, which most deployments never need

    issuer = OidcIssuer(settings.oidc_issuer, client=issuer_client())
    return AccessTokens(issuer, audience=settings.token_audience, surroundings=real_surroundings())


def document_signer(settings: Settings) -> DocumentSigner:
    """Who signs PDF statements. Raises SettingsError when a file for it cannot be used."""
    file, password = settings.pdf_pkcs12, settings.pdf_password.get_secret_value().rstrip("\r\n")
    if file is None:
        if password:
            raise SettingsError("AWIZO_PDF_PASSWORD is set, and AWIZO_PDF_PKCS12 names no file.")
        own, host = settings.data_dir / "keys" / "statements.p12", urlsplit(settings.public_url).netloc
        try:
            credentials = own_credentials(own, name=f"awizo, {host}", now=_now())
        except CredentialsError as error:
            raise SettingsError(f"AWIZO_DATA_DIR: keys/{own.name} {error}.") from None
        except OSError as error:
            why = error.strerror
            raise SettingsError(f"AWIZO_DATA_DIR: keys/{own.name} can be neither read nor made: {why}.") from None
        return PadesSigner(credentials, timestamper=timestamper(settings))
    try:
        credentials = read_credentials(file.read_bytes(), password)
    except OSError as error:
        raise SettingsError(f"AWIZO_PDF_PKCS12 cannot be read: {error.strerror}.") from None
    except CredentialsError as error:
        raise SettingsError(f"AWIZO_PDF_PKCS12 {error}; the password is that of AWIZO_PDF_PASSWORD.") from None
    return PadesSigner(credentials, timestamper=timestamper(settings))


def providers_of(settings: Settings, vault: Vault) -> list[Provider]:
    """The providers that the settings name. Raises SettingsError when one cannot be built from them."""
    sms = [(_sms_transport(share.provider, settings), share.weight) for share in settings.sms_shares]
    known = [*sms, *(_relays(settings, vault) if settings.sends_email else ())]
    names = {transport.name for transport, _ in known}
    if strangers := sorted(settings.rates.keys() - names):
        raise SettingsError(f"AWIZO_PROVIDER_RATES names {', '.join(strangers)}, which is no provider of ours.")
    return [
        Provider(transport=transport, weight=weight, rate=settings.rates.get(transport.name))
        for transport, weight in known
    ]


def _sms_transport(name: str, settings: Settings) -> Transport:
    match name:
        case "twilio":
            return TwilioSms(
                account_sid=settings.twilio_account_sid,
                auth_token=settings.twilio_auth_token.get_secret_value(),
                sender=settings.twilio_from,
                base_url=settings.twilio_base_url,
            )
        case "smsapi":
            return SmsApi(
                token=settings.smsapi_token.get_secret_value(),
                sender=settings.smsapi_from,
                base_url=settings.smsapi_base_url,
                clock=_now,
            )
        case _:
            return HttpGateway(*_gateway(settings))


def _gateway(settings: Settings) -> tuple[Gateway, SecretStr]:
    """What AWIZO_GATEWAY_FILE describes, and the secret that it leads to."""
    try:
        return read_gateway(settings.gateway_file or Path(), os.environ)
    except GatewayFileError as error:
        raise SettingsError(f"AWIZO_GATEWAY_FILE {error}.") from None


def _relays(settings: Settings, vault: Vault) -> list[tuple[Transport, int]]:
    """One transport for each relay of AWIZO_SMTP_URL: `smtp`, `smtp-2` and so on."""
    built: list[tuple[Transport, int]] = []
    for number, url in enumerate(settings.smtp_url.get_secret_value().split(","), start=1):
        try:
            relay = SmtpRelay.parse(url.strip())
        except ValueError as error:
            raise SettingsError(f"AWIZO_SMTP_URL is wrong: {error}.") from None
        name = "smtp" if number == 1 else f"smtp-{number}"
        built.append((SmtpEmail(relay, name=name, envid=partial(envelope_id, vault)), relay.weight))
    return built


def receipt_parsers(settings: Settings) -> dict[str, ReceiptParser]:
    """One parser for each provider that calls back."""
    parsers = {share.provider: _receipt_parser(share.provider, settings) for share in settings.sms_shares}
    return {name: parser for name, parser in parsers.items() if parser is not None}


def _receipt_parser(name: str, settings: Settings) -> ReceiptParser | None:
    match name:
        case "twilio":
            token = settings.twilio_auth_token.get_secret_value()
            return TwilioCallbacks(auth_token=token, public_url=settings.public_url)
        case "smsapi":
            return SmsApiCallbacks()
        case _:
            callback = _gateway(settings)[0].callback
            return GatewayCallbacks(callback) if callback else None


def inbound_parsers(settings: Settings) -> dict[str, InboundParser]:
    """One parser for each provider that passes on what people write back."""
    if not any(share.provider == "twilio" for share in settings.sms_shares):
        return {}
    token = settings.twilio_auth_token.get_secret_value()
    return {"twilio": TwilioCallbacks(auth_token=token, public_url=settings.public_url)}


def webhook_caller() -> WebhookCaller:
    """What calls endpoints of other systems."""
    return WebhookHttp()


def report_parser() -> ReportParser:
    """What reads the reports of mail servers."""
    return MailReports()


def vocabularies(settings: Settings) -> Vocabularies:
    """What operators' codes mean here. Raises SettingsError that names the file and line of the first fault."""
    files = _vocabulary_files(settings.vocabulary_dir) if settings.vocabulary_dir else {}
    try:
        return read_vocabularies(built_in(), {name: file.read_bytes() for name, file in files.items()})
    except VocabularyError as error:
        place, fault = files[error.vocabulary].name, error.fault
        raise SettingsError(f"AWIZO_VOCABULARY_DIR: {place}, line {fault.line}: {fault.detail}.") from None
    except OSError as error:
        raise SettingsError(f"AWIZO_VOCABULARY_DIR has a file that cannot be read: {error.strerror}.") from None


def _vocabulary_files(directory: Path) -> dict[str, Path]:
    try:
        found = sorted(file for file in directory.iterdir() if file.suffix == SUFFIX and not file.name.startswith("."))
    except OSError as error:
        raise SettingsError(f"AWIZO_VOCABULARY_DIR cannot be read: {error.strerror}.") from None
    files: dict[str, Path] = {}
    for file in found:
        name = vocabulary_name(file.stem)
        if name in files:
            raise SettingsError(f"AWIZO_VOCABULARY_DIR has both {files[name].name} and {file.name}.")
        if file.is_fifo() or file.is_char_device() or file.is_block_device() or file.is_socket():
            raise SettingsError(f"AWIZO_VOCABULARY_DIR: {file.name} is no file.")  # to read it could never end
        if file.exists() and file.stat().st_size > TABLE_BYTES_MAX:
            raise SettingsError(f"AWIZO_VOCABULARY_DIR: {file.name} is larger than {TABLE_BYTES_MAX} bytes.")
        files[name] = file
    return files


def log_at(url: str) -> HttpLog:
    """Somebody's published log."""
    return HttpLog(url)
