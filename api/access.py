"""Who may do what: looked at before anything of a request's body is read.

A client sends a key in `Authorization: Bearer`, a browser the cookie of its session. Nothing is
remembered between requests, so a key that is revoked is refused from the next one on.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Path, Request, Security, params
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.errors import CrossSite, InvalidKey, KeyRequired, MissingScope
from api.gateway import Gateway, GatewayDep
from jobs.keys import ANYONE, Caller, any_key, check_key
from jobs.queries import require_visible
from jobs.sessions import check_session
from jobs.states import Scope

COOKIE = "pneumocam_session"

#: They change nothing, so it does no harm if another site makes a browser send them: it cannot
#: read the answer.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_CROSS_SITE = "A page of another address asked for this change."

_bearer = HTTPBearer(
    scheme_name="key",
    description="A key made with `pneumocam keys create`. Not needed as long as there is none.",
    auto_error=False,
)
_cookie = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    description="Of a browser that signed in at `POST /v1/session`.",
    auto_error=False,
)

Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
SessionToken = Annotated[str | None, Security(_cookie)]


def keys_needed(gateway: Gateway) -> bool:
    """Whether a request must say whose it is.

    Not with open access; nor, on this machine's own address, before the first key is made.
    """
    settings = gateway.settings
    if settings.open_access:
        return False
    return not settings.is_loopback or any_key(gateway.database)


def _identify(
    request: Request, gateway: GatewayDep, bearer: Bearer, session_token: SessionToken
) -> Caller:
    """Whoever the request comes from.

    Raises:
        KeyRequired: It carries neither key nor session, or the session is over.
        InvalidKey: Its key is none of ours, revoked, or expired.
        CrossSite: Another site made a browser send it.
    """
    caller = find_caller(request, gateway, bearer, session_token)
    if caller is None:
        if bearer is not None:
            raise InvalidKey("The key is not one of this service's, or it no longer holds.")
        raise KeyRequired("Send a key in the header Authorization, or sign in.")
    request.state.key_id = caller.key_id
    return caller


def find_caller(
    request: Request, gateway: Gateway, bearer: Bearer, session_token: str | None
) -> Caller | None:
    """Whoever the request comes from; None if it does not say so in a way that holds.

    Raises:
        CrossSite: Another site made a browser send it.
    """
    if not keys_needed(gateway):
        refuse_other_sites(request)
        return ANYONE
    if bearer is not None:
        # No browser adds this header by itself, so there is no other site to fear.
        return check_key(gateway.database, bearer.credentials)
    if session_token is None:
        return None
    refuse_other_sites(request)
    refuse_other_origins(request, may_lack=False)
    return check_session(gateway.database, session_token)


def refuse_other_sites(request: Request) -> None:
    """Refuse a change for which a browser says that another site asks.

    Raises:
        CrossSite: It says so.
    """
    asks = request.headers.get("sec-fetch-site", "none")
    if request.method not in _SAFE and asks not in {"same-origin", "none"}:
        raise CrossSite(_CROSS_SITE)


def refuse_other_origins(request: Request, *, may_lack: bool) -> None:
    """Refuse a change whose Origin is not the host that it is sent to.

    Args:
        request: The request.
        may_lack: Whether it may come without an Origin, as from a program.

    Raises:
        CrossSite: Its Origin is another one, or missing.
    """
    origin = request.headers.get("origin")
    if request.method in _SAFE or (origin is None and may_lack):
        return
    # Only the host: the scheme is another one behind a proxy that ends TLS.
    asks = "" if origin is None else origin.partition("://")[2]
    if not asks or asks.lower() != request.headers.get("host", "").lower():
        raise CrossSite(_CROSS_SITE)


CallerDep = Annotated[Caller, Depends(_identify)]

#: A ULID. Anything else never reaches the database, the store or a log.
WrittenJobId = Annotated[str, Path(pattern="^[0-9A-HJKMNP-TV-Z]{26}$", description="The job's id.")]


def require_own(job_id: str, caller: Caller, gateway: Gateway) -> None:
    """Answer for another owner's job as for one that never was.

    Raises:
        JobNotFound: The caller may not see it, or there is none.
    """
    require_visible(gateway.database, job_id, sees_only=caller.sees_only)


def _own_job(job_id: WrittenJobId, caller: CallerDep, gateway: GatewayDep) -> str:
    require_own(job_id, caller, gateway)
    return job_id


#: The id of a job that the caller may see. Every route about a job takes its id this way, or calls
#: `require_own` before anything else.
JobId = Annotated[str, Depends(_own_job)]


def needs(scope: Scope) -> params.Depends:
    """What a route depends on that only callers with this scope may use."""

    def check(caller: CallerDep) -> None:
        if not caller.may(scope):
            raise MissingScope(f"The key does not have the scope `{scope}`.")

    return params.Depends(check)


def _ask_again(
    request: Request, gateway: GatewayDep, bearer: Bearer, session_token: SessionToken
) -> Callable[[], Awaitable[object]]:
    return partial(anyio.to_thread.run_sync, _identify, request, gateway, bearer, session_token)


#: Raises as at the beginning if the key or session no longer holds: for requests held open.
StillAllowed = Annotated[Callable[[], Awaitable[object]], Depends(_ask_again)]
