"""The cookies of the pages: the session's token, and what was just changed, for the one page that says so."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import Request, Response

from app.web.services import services_of

SESSION, CHANGE = "awizo", "awizo-change"
AUDIT = "awizo-audit"  # an auditor's session, beside which the same browser may hold a person's
# Only this very host, over TLS, can have set such a cookie (RFC 6265bis §4.1.3.2).
_PREFIX = "__Host-"
_CHANGE_SECONDS = 300
_CHANGE_BYTES_MAX = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person just changed: `what` it was, how it is `now`, and how it `was`, as fields of forms."""

    what: str
    now: Mapping[str, str] = field(repr=False)
    was: Mapping[str, str] = field(repr=False)


def token_of(request: Request, session: str = SESSION) -> str | None:
    """The token of the browser's session of that kind, if it has one."""
    return request.cookies.get(_name(session)) or None


def set_token(response: Response, token: str, session: str = SESSION) -> Response:
    """Let the browser keep the token until it is closed."""
    _set(response, session, token)
    return response


def end_token(response: Response, session: str = SESSION) -> Response:
    """Let the browser forget the token, and what was changed in that session."""
    for name in (session, *((CHANGE,) if session == SESSION else ())):
        _set(response, name, "", max_age=0)
    return response


def set_change(response: Response, change: Change) -> Response:
    """Let the next page say what was changed."""
    said = json.dumps([change.what, dict(change.now), dict(change.was)]).encode()
    if len(said) <= _CHANGE_BYTES_MAX:
        _set(response, CHANGE, base64.urlsafe_b64encode(said).rstrip(b"=").decode(), max_age=_CHANGE_SECONDS)
    return response


def forget_change(response: Response) -> Response:
    """It was said once."""
    _set(response, CHANGE, "", max_age=0)
    return response


def change_of(request: Request) -> Change | None:
    """What the last page changed; None when nothing, or when the cookie is not one of ours."""
    kept = request.cookies.get(_name(CHANGE), "")
    try:
        what, now, was = json.loads(base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4)))
        "".join([what, *now, *now.values(), *was, *was.values()]).encode()  # texts only, and such as a page can say
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return Change(what=what, now=now, was=was)


def is_from_elsewhere(request: Request) -> bool:
    """Whether another site sent this POST, as the browser says (Fetch Metadata, and Origin where it is older).

    Pages that tell nobody where people come from make browsers send the origin `null`: that says nothing.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    origin = request.headers.get("origin", "null")
    ours = urlsplit(services_of(request).public_url)
    return origin not in {"null", f"{ours.scheme}://{ours.netloc}"}


def form_token(request: Request, token: str) -> str:
    """What each form of that session carries, so that no other site can post one (OWASP: HMAC-based CSRF tokens)."""
    mac = services_of(request).database.vault.mac("form", token.encode())
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def is_form_token(request: Request, token: str, given: str) -> bool:
    """Whether a form carries the token of that session."""
    return hmac.compare_digest(form_token(request, token).encode(), given.encode())


def _name(name: str) -> str:
    return f"{_PREFIX}{name}"


def _set(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    response.set_cookie(_name(name), value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")
