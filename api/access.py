"""Who may do what: looked at before anything of a request's body is read.

A client sends a key, or a token of single sign-on, in `Authorization: Bearer`, a browser the cookie
of its session. Nothing is remembered of them between requests, so a key that is revoked is refused
from the next one on.
"""

from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Path, Request, Security, params
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.gateway import Gateway, GatewayDep, gateway_of
from api.wire.errors import CrossSite, InvalidKey, KeyRequired, MissingScope
from jobs.audit.log import Via
from jobs.identity.keys import ANYONE, Caller, check_key
from jobs.identity.sessions import check_session
from jobs.states import Scope
from jobs.views.queries import require_visible

COOKIE = "pneumocam_session"

#: They change nothing, so it does no harm if another site makes a browser send them: it cannot
#: read the answer.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_CROSS_SITE = "A page of another address asked for this change."

_bearer = HTTPBearer(
    scheme_name="key",
    description="A key made with `pneumocam keys create`, or a token of the issuer that "
    "PNEUMOCAM_OIDC_ISSUER names. Not needed as long as there is neither.",
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

    Not with open access; nor, on this machine's own address, before the first key is made, unless
    there are tokens.
    """
    settings = gateway.settings
    if settings.open_access:
        return False
    if not settings.is_loopback or gateway.issuer is not None:
        return True
    return gateway.first_key.was_made()


async def _check_token(gateway: GatewayDep, bearer: Bearer) -> Caller | None:
    """Whose token of single sign-on came with the request; None if none came.

    Raises:
        InvalidToken: It does not hold.
        IssuerUnavailable: It cannot be told whether it holds.
    """
    if bearer is None or gateway.issuer is None or gateway.settings.open_access:
        return None
    # Three parts with dots between them are a signed token, and no key of ours.
    if bearer.credentials.count(".") != 2:
        return None
    return await gateway.issuer.check(bearer.credentials)


TokenCaller = Annotated[Caller | None, Depends(_check_token)]


def _identify(
    request: Request,
    gateway: GatewayDep,
    bearer: Bearer,
    session_token: SessionToken,
    token_caller: TokenCaller,
) -> Caller:
    """Whoever the request comes from.

    Raises:
        KeyRequired: It carries neither key nor session, or the session is over.
        InvalidKey: Its key is none of ours, revoked, or expired.
        CrossSite: Another site made a browser send it.
    """
    caller = find_caller(request, gateway, bearer, session_token, token_caller)
    if caller is not None:
        return caller
    if bearer is not None:
        raise InvalidKey("The key is not one of this service's, or it no longer holds.")
    raise KeyRequired("Send a key in the header Authorization, or sign in.")


def find_caller(
    request: Request,
    gateway: Gateway,
    bearer: Bearer,
    session_token: str | None,
    token_caller: Caller | None,
) -> Caller | None:
    """Whoever the request comes from; None if it does not say so in a way that holds.

    Raises:
        CrossSite: Another site made a browser send it.
    """
    refuse_other_sites(request)
    caller: Caller | None
    if not keys_needed(gateway):
        caller, via = ANYONE, Via.OPEN
    elif token_caller is not None:
        # A proxy that signs browsers in may have added the token.
        refuse_other_origins(request, may_lack=True)
        caller, via = token_caller, Via.TOKEN
    elif bearer is not None:
        caller, via = check_key(gateway.database, bearer.credentials), Via.KEY
    elif session_token is not None:
        refuse_other_origins(request, may_lack=False)
        caller, via = check_session(gateway.database, session_token), Via.SESSION
    else:
        return None
    if caller is not None:
        note_caller(request, caller, via)
    return caller


def note_caller(request: Request, caller: Caller, via: Via) -> None:
    """Let the log and the audit log know whose request it is."""
    request.state.owner = caller.owner
    request.state.via = via


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


async def _admit(request: Request, bearer: Bearer, session_token: SessionToken) -> Caller:
    """Whoever the request comes from, who has not asked for too much within a minute.

    It depends on little, because what it depends on is walked through again wherever a route
    depends on it: most of what a poll costs would be that.
    """
    gateway = gateway_of(request)
    token_caller = await _check_token(gateway, bearer)

    def identify() -> Caller:
        caller = _identify(request, gateway, bearer, session_token, token_caller)
        gateway.rates.take(caller)
        return caller

    return await anyio.to_thread.run_sync(identify)


CallerDep = Annotated[Caller, Depends(_admit)]

#: A ULID. Anything else never reaches the database, the store or a log.
WrittenJobId = Annotated[str, Path(pattern="^[0-9A-HJKMNP-TV-Z]{26}$", description="The job's id.")]


def require_own(job_id: str, caller: Caller, gateway: Gateway) -> None:
    """Answer for another owner's job as for one that never was.

    Raises:
        JobNotFound: The caller may not see it, or there is none.
    """
    require_visible(gateway.database, job_id, sees_only=caller.sees_only)


def _own_job(request: Request, job_id: WrittenJobId, caller: CallerDep) -> str:
    require_own(job_id, caller, gateway_of(request))
    return job_id


#: The id of a job that the caller may see. Every route about a job takes its id this way, or calls
#: `require_own`, or looks with what the caller `sees_only`, before anything else.
JobId = Annotated[str, Depends(_own_job)]


def needs(scope: Scope) -> params.Depends:
    """What a route depends on that only callers with this scope may use."""

    # Here and below `async` where nothing is waited for: it saves a thread's turn.
    async def check(caller: CallerDep) -> None:
        if not caller.may(scope):
            raise MissingScope(f"The key does not have the scope `{scope}`.")

    return params.Depends(check)


async def identify_again(request: Request) -> None:
    """Raise as at the beginning if the key, token or session no longer holds.

    For requests held open. It counts as no request of its own.
    """
    gateway = gateway_of(request)
    bearer, session_token = await _bearer(request), await _cookie(request)
    token_caller = await _check_token(gateway, bearer)
    await anyio.to_thread.run_sync(_identify, request, gateway, bearer, session_token, token_caller)
