"""The callback URL of a submission: looked at before anything is stored."""

from functools import partial

import anyio
import anyio.to_thread

from api.gateway import Gateway
from api.wire.errors import InvalidRequest
from api.wire.schemas import ProblemError
from jobs.errors import CallbackCode, CallbackRefused
from jobs.webhooks.addresses import parse_callback_url, resolve
from jobs.webhooks.outbox import has_secret

#: A name that takes longer, or cannot be looked up just now, is looked at by the worker that calls
#: it. That is what counts: whoever owns the name can change what it leads to.
_LOOKUP_S = 2.0


async def check_callback_url(text: str, gateway: Gateway, *, owner: str | None) -> str | None:
    """A callback URL that can be called, as far as can be told now; None if the field is empty.

    Raises:
        InvalidRequest: It is no URL, leads where this service may not call, or nothing could be
            signed for its owner.
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
