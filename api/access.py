"""Authentication and authorisation, checked before anything of a request's body is read.

A client sends an API key, or a single sign-on token, in `Authorization: Bearer`; a browser sends
its session's cookie. Nothing is cached between requests, so a revoked key is refused from the next
request on.
"""

from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Path, Request, Security, params
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.gateway import Gateway, GatewayDep, gateway_of
from api.wire.errors import CrossSite, InvalidKey, KeyRequired, MissingScope
from api.wire.request_record import record_of
from jobs.audit.log import Via
from jobs.identity.keys import ANONYMOUS, Caller, check_key
from jobs.identity.sessions import check_session
from jobs.states import JOB_ID_PATTERN, Scope
from jobs.views.queries import require_visible

COOKIE = "pneumocam_session"

#: Methods that change nothing. Another site may make a browser send them: it cannot read the
#: answer.
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
    description="Cookie of a browser that signed in at `POST /v1/session`.",
    auto_error=False,
)

Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
SessionToken = Annotated[str | None, Security(_cookie)]


def keys_needed(gateway: Gateway) -> bool:
    """Return True if requests need credentials.

    They need none with open access; nor on a loopback address before the first key is made, unless
    single sign-on is configured.
    """
    settings = gateway.settings
    if settings.open_access:
        return False
    if not settings.is_loopback or gateway.issuer is not None:
        return True
    return gateway.first_key.was_made()


async def _check_token(gateway: GatewayDep, bearer: Bearer) -> Caller | None:
    """Return the caller of the request's single sign-on token; None if it carries none.

    Raises:
        InvalidToken: The token is invalid.
        IssuerUnavailable: The token cannot be verified at present.
    """
    if bearer is None or gateway.issuer is None or gateway.settings.open_access:
        return None
    # Three parts with dots between them are a signed token, never an API key.
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
    """Return the request's caller.

    Raises:
        KeyRequired: The request carries no key and no session, or the session has ended.
        InvalidKey: The key is unknown, revoked or expired.
        CrossSite: Another site made a browser send the request.
    """
    caller = find_caller(request, gateway, bearer, session_token, token_caller)
    if caller is not None:
        return caller
    if bearer is not None:
        raise InvalidKey("The key is unknown, revoked or expired.")
    raise KeyRequired("Send a key in the header Authorization, or sign in.")


def find_caller(
    request: Request,
    gateway: Gateway,
    bearer: Bearer,
    session_token: str | None,
    token_caller: Caller | None,
) -> Caller | None:
    """Return the request's caller; None if it has no valid credentials.

    Raises:
        CrossSite: Another site made a browser send the request.
    """
    refuse_other_sites(request)
    caller: Caller | None
    if not keys_needed(gateway):
        refuse_other_origins(request, may_lack=True)
        caller, via = ANONYMOUS, Via.OPEN
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
    """Note the caller in the request's record, for the log and the audit log."""
    record = record_of(request.scope)
    record.owner = caller.owner
    record.via = via


def refuse_other_sites(request: Request) -> None:
    """Refuse a change that, by the browser's Sec-Fetch-Site, another site asked for.

    Raises:
        CrossSite: Another site asked for it.
    """
    asks = request.headers.get("sec-fetch-site", "none")
    if request.method not in _SAFE and asks not in {"same-origin", "none"}:
        raise CrossSite(_CROSS_SITE)


def refuse_other_origins(request: Request, *, may_lack: bool) -> None:
    """Refuse a change whose Origin is not the host that it is sent to.

    Args:
        request: The request.
        may_lack: The request may have no Origin, as from a program.

    Raises:
        CrossSite: The Origin is another host, or missing.
    """
    origin = request.headers.get("origin")
    if request.method in _SAFE or (origin is None and may_lack):
        return
    # Only the host is compared: behind a proxy that ends TLS the scheme is another one.
    asks = "" if origin is None else origin.partition("://")[2]
    if not asks or asks.lower() != request.headers.get("host", "").lower():
        raise CrossSite(_CROSS_SITE)


async def _admit(request: Request, bearer: Bearer, session_token: SessionToken) -> Caller:
    """Return the request's caller, and count the request against the caller's rate.

    It has few dependencies of its own, because FastAPI walks through all of them again wherever a
    route depends on it: most of the cost of a poll would be that.
    """
    gateway = gateway_of(request)
    token_caller = await _check_token(gateway, bearer)

    def identify() -> Caller:
        caller = _identify(request, gateway, bearer, session_token, token_caller)
        gateway.rates.take(caller)
        return caller

    return await anyio.to_thread.run_sync(identify)


CallerDep = Annotated[Caller, Depends(_admit)]

#: A job's id as a path parameter; any other form is answered 422. It is no convertor of the path:
#: an id of another form would then be 404 before anyone was asked for a key.
WrittenJobId = Annotated[
    str, Path(pattern=f"^{JOB_ID_PATTERN}$", description="Id of the job (a ULID).")
]

#: Index of an item in its job as a path parameter.
ItemIndex = Annotated[int, Path(ge=0, lt=100_000)]


def require_own(job_id: str, caller: Caller, gateway: Gateway) -> None:
    """Refuse another owner's job exactly like one that does not exist.

    Raises:
        JobNotFound: There is no such job, or the caller may not see it.
    """
    require_visible(gateway.database, job_id, visible_owner=caller.visible_owner)


def _own_job(request: Request, job_id: WrittenJobId, caller: CallerDep) -> str:
    require_own(job_id, caller, gateway_of(request))
    return job_id


#: Id of a job that the caller may see. Every route about a job takes its id this way, or calls
#: `require_own`, or looks with the caller's `visible_owner`, before anything else.
JobId = Annotated[str, Depends(_own_job)]


def needs(scope: Scope) -> params.Depends:
    """Return a route dependency that admits only callers with this scope."""

    # Here and below `async` although nothing is awaited: it takes no thread.
    async def check(caller: CallerDep) -> None:
        if not caller.may(scope):
            raise MissingScope(f"The key does not have the scope `{scope}`.")

    return params.Depends(check)


async def identify_again(request: Request) -> None:
    """Check again that the credentials of a request that is held open are valid.

    It does not count against the caller's rate.

    Raises:
        ApiError: The key, token or session has become invalid.
    """
    gateway = gateway_of(request)
    bearer, session_token = await _bearer(request), await _cookie(request)
    token_caller = await _check_token(gateway, bearer)
    await anyio.to_thread.run_sync(_identify, request, gateway, bearer, session_token, token_caller)
