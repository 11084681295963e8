"""Who is calling: the bearer key, its scopes, its operators."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from app.api.problems import Fault, Problem
from app.api.services import Services, services_of
from app.domain.access import Caller, Scope


async def _services(request: Request) -> Services:
    """A coroutine, because FastAPI runs plain functions in threads."""
    return services_of(request)


ServicesDep = Annotated[Services, Depends(_services)]


def require(*scopes: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that lets callers in whose key has one of `scopes` (or is an admin's).

    No key or a bad one is 401, a key that asks too much 429, a key without the scope 403, a query parameter that the
    route does not have 422.
    """

    async def check(request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        services = services_of(request)
        caller = await services.keyring.caller(token.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            raise Problem(401)
        services.key_limits.take_request(request.scope, caller.key_id)
        if not caller.may(*scopes):
            raise Problem(403, f"This needs the scope {' or '.join(scopes)}")
        _refuse_unknown_parameters(request)
        return caller

    check.scopes = scopes  # type: ignore[attr-defined] # read by scopes_needed
    return check


def scopes_needed(dependant: Dependant | None) -> tuple[Scope, ...]:
    """The scopes of which a caller of a route with these dependencies needs one; none when it needs no key."""
    if dependant is None:
        return ()
    own: tuple[Scope, ...] = getattr(dependant.call, "scopes", ())
    return own + tuple(scope for each in dependant.dependencies for scope in scopes_needed(each))


# A filter with a misspelt name would silently find everything.
def _refuse_unknown_parameters(request: Request) -> None:
    """Raise a 422 that says which parameters there are; the one that is not known is input, and is not repeated."""
    known = _query_parameters(getattr(request.scope.get("route"), "dependant", None))
    if not set(request.query_params).issubset(known):
        offered = f"known are {', '.join(sorted(known))}" if known else "none is known here"
        raise Problem(422, errors=[Fault(pointer="/query", detail=f"Has a parameter that is not known; {offered}")])


def _query_parameters(dependant: Dependant | None) -> frozenset[str]:
    """The names of all query parameters of a route with these dependencies, its own and theirs."""
    if dependant is None:
        return frozenset()
    nested = (_query_parameters(each) for each in dependant.dependencies)
    return frozenset(field.alias for field in dependant.query_params).union(*nested)
