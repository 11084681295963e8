"""`?open=`: which sealed fields whoever asks for a proof wants to read."""

from typing import Annotated

from fastapi import Query, Request

from app.api.problems import Fault, Problem
from app.evidence.catalogue import SEALED_NAMES

Open = Annotated[str | None, Query(alias="open", max_length=200)]


def opened_fields(request: Request, opened: str | None) -> frozenset[str] | None:
    """The fields that `opened`, the value of `?open=`, names: None for all, empty for `none`.

    Anything else in the query is 422: a misspelt `open` must not open everything.
    """
    given = [name for name, _ in request.query_params.multi_items()]
    if given not in ([], ["open"]):
        raise Problem(422, errors=[Fault(pointer="/query", detail="Only open is known here, and given once at most")])
    if opened is None:
        return None
    names = frozenset() if opened in {"", "none"} else frozenset(opened.split(","))
    if not names <= SEALED_NAMES:
        raise Problem(422, errors=[Fault(pointer="/query/open", detail="Names a field that no fact has")])
    return names
