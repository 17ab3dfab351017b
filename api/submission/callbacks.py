"""Check of a submission's callback URL, before anything is stored."""

from functools import partial

import anyio
import anyio.to_thread

from api.gateway import Gateway
from api.wire.errors import InvalidRequest
from api.wire.schemas import ProblemError
from jobs.errors import CallbackCode, CallbackRefused
from jobs.webhooks.addresses import parse_callback_url, resolve
from jobs.webhooks.outbox import has_secret

#: Seconds to resolve the host name. A name that takes longer is checked by the worker that calls
#: it, as every name is again, because its owner can change the address at any time.
_LOOKUP_S = 2.0


async def check_callback_url(text: str, gateway: Gateway, *, owner: str | None) -> str | None:
    """Return a callback URL that passes the checks possible now; None if the field is empty.

    Raises:
        InvalidRequest: The URL is malformed, its address may not be called, or its owner has no
            signing secret.
    """
    if not text:
        return None
    try:
        url = parse_callback_url(text)
        with anyio.move_on_after(_LOOKUP_S):
            await anyio.to_thread.run_sync(
                partial(resolve, url, allowed=gateway.settings.webhook_allow),
                abandon_on_cancel=True,
            )
    except CallbackRefused as refused:
        if refused.code is not CallbackCode.LOOKUP_FAILED:
            raise _refusal(refused.code, refused.detail) from refused
    if not await anyio.to_thread.run_sync(has_secret, gateway.database, owner):
        raise _refusal(
            CallbackCode.NO_SECRET, "Ask for a signing secret first: POST /v1/webhooks/secret."
        )
    return text


def _refusal(code: CallbackCode, detail: str) -> InvalidRequest:
    error = ProblemError(code=code, detail=detail, field="callback_url")
    return InvalidRequest("The callback URL cannot be used.", [error])
