"""Forms that providers post and sign: their fields, and the address that the signature is over."""

from urllib.parse import parse_qsl

from fastapi import Request

from app.api.problems import Problem

BODY_BYTES_MAX = 64 * 1024
FORM_FIELDS_MAX = 200


def path_and_query(request: Request) -> str:
    """The target of the request (RFC 9112 §3.2.1) below the public URL, to the byte."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.scope['path']}?{query}" if query else str(request.scope["path"])


def read_form(raw: bytes) -> dict[str, str]:
    """The fields of a form; a repeated name could mean one thing to the signature and another to us: 400."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=FORM_FIELDS_MAX,
        )
    except ValueError:
        raise Problem(400, "The body is not a form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Problem(400, "The form names a field twice")
    return form
