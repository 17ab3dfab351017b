"""Browser sessions: a key is sent once, and a cookie replaces it."""

from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.access import (
    COOKIE,
    Bearer,
    SessionToken,
    TokenCaller,
    find_caller,
    keys_needed,
    note_caller,
    refuse_other_origins,
    refuse_other_sites,
)
from api.gateway import Gateway, GatewayDep
from api.middleware.audit_trail import audited
from api.wire.bodies import read_bytes
from api.wire.errors import (
    CrossSite,
    InvalidKey,
    IssuerUnavailable,
    MalformedRequest,
    RequestTimeout,
    ServiceUnavailable,
    TooLarge,
)
from api.wire.problems import documented
from api.wire.schemas import Session, SignIn, SubmissionLimits
from jobs.audit.log import Action, Via
from jobs.identity.keys import Caller, check_key
from jobs.identity.sessions import check_session, close_session, open_session
from jobs.states import Scope

router = APIRouter(prefix="/v1/session", tags=["session"])

#: Body with one key; little is read of a caller that is not authenticated yet.
_MAX_BODY_BYTES = 4096

#: The body is read within a limit and not by the framework, so it is described here.
_SIGN_IN: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": SignIn.model_json_schema()}},
    }
}

#: Allows requests without credentials, next to those with them.
_WITHOUT_KEY_TOO: dict[str, Any] = {"security": [{}]}


@router.get(
    "",
    summary="Read the session",
    openapi_extra=_WITHOUT_KEY_TOO,
    responses=documented(InvalidKey, IssuerUnavailable),
)
@audited(Action.OTHER)
def read_session(
    request: Request,
    gateway: GatewayDep,
    bearer: Bearer,
    session_token: SessionToken,
    token_caller: TokenCaller,
) -> Session:
    """The caller of the request's key, token or session, and whether keys are needed.

    An ended session counts as none; an invalid key or token is a 401, as everywhere.
    """
    caller = find_caller(request, gateway, bearer, session_token, token_caller)
    if caller is None and bearer is not None:
        raise _invalid_key()
    return _present(gateway, caller)


@router.post(
    "",
    summary="Sign in",
    openapi_extra=_SIGN_IN,
    responses=documented(
        MalformedRequest, InvalidKey, CrossSite, RequestTimeout, TooLarge, ServiceUnavailable
    ),
)
@audited(Action.SIGN_IN)
async def sign_in(
    request: Request, response: Response, gateway: GatewayDep, session_token: SessionToken
) -> Session:
    """Send a key and get a session's cookie, which ends after 12 hours without use.

    The session ends after 24 hours in any case. The browser's earlier session ends at once.
    """
    refuse_other_sites(request)
    refuse_other_origins(request, may_lack=True)
    key = await _read_key(request)
    signing_in = partial(_open, gateway, key, session_token)
    caller, token = await anyio.to_thread.run_sync(signing_in)
    note_caller(request, caller, Via.KEY)
    # Without a lifetime the cookie ends with the browser.
    response.set_cookie(
        COOKIE,
        token,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return await anyio.to_thread.run_sync(_present, gateway, caller)


@router.delete(
    "",
    status_code=204,
    summary="Sign out",
    openapi_extra=_WITHOUT_KEY_TOO,
    responses=documented(CrossSite, ServiceUnavailable),
)
@audited(Action.SIGN_OUT)
def sign_out(
    request: Request, response: Response, gateway: GatewayDep, session_token: SessionToken
) -> None:
    """End the browser's session, if it has one."""
    if session_token is None:
        return
    refuse_other_sites(request)
    refuse_other_origins(request, may_lack=False)
    caller = check_session(gateway.database, session_token)
    if caller is not None:
        note_caller(request, caller, Via.SESSION)
    close_session(gateway.database, session_token)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


async def _read_key(request: Request) -> str:
    """Return the key in a small JSON body; errors never repeat its content."""
    body = await read_bytes(request, max_bytes=_MAX_BODY_BYTES)
    try:
        return SignIn.model_validate_json(body).key
    except ValidationError:
        raise MalformedRequest("The body must be an object with the key as `key`.") from None


def _open(gateway: Gateway, key: str, earlier_token: str | None) -> tuple[Caller, str]:
    caller = check_key(gateway.database, key.strip())
    if caller is None or caller.owner is None:
        raise _invalid_key()
    if earlier_token is not None:
        close_session(gateway.database, earlier_token)
    return caller, open_session(gateway.database, caller.owner)


def _present(gateway: Gateway, caller: Caller | None) -> Session:
    settings = gateway.settings
    return Session(
        keys_needed=keys_needed(gateway),
        name=None if caller is None else caller.name,
        scopes=[] if caller is None else [scope for scope in Scope if caller.may(scope)],
        limits=SubmissionLimits(
            max_files=settings.max_files,
            max_upload_bytes=settings.max_upload_bytes,
            max_request_bytes=settings.max_request_bytes,
        ),
    )


def _invalid_key() -> InvalidKey:
    return InvalidKey("The key is unknown, revoked or expired.")
