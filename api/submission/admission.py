"""Admission of submissions: refused when too many items are open.

Checked before the body is read, and again by the transaction that accepts the job.
"""

import math
from random import SystemRandom

import anyio.to_thread

from api.gateway import Gateway
from api.wire.errors import ApiError, BacklogFull, QuotaReached, TooLarge
from jobs import errors
from jobs.identity.keys import Caller
from jobs.queue.quotas import bounds_for, current_load, require_room

#: Range of Retry-After in seconds: sooner is useless, and later would be a guess.
_SHORTEST_S, _LONGEST_S = 1, 120

#: Random part of Retry-After, so that clients refused together do not return together.
_JITTER = 0.2

_random = SystemRandom()


async def refuse_without_room(gateway: Gateway, caller: Caller) -> None:
    """Refuse a submission if not even one film could be accepted.

    Raises:
        QuotaReached: The caller has as many open items as it may.
        BacklogFull: The service has as many open items as it accepts.
    """
    await anyio.to_thread.run_sync(_refuse_without_room, gateway, caller)


def _refuse_without_room(gateway: Gateway, caller: Caller) -> None:
    try:
        with gateway.database.read() as session:
            require_room(session, caller.owner, bounds_for(caller, gateway.settings), items=1)
    except (errors.QuotaReached, errors.BacklogFull) as full:
        raise no_room(full, gateway, caller) from full


def no_room(
    full: errors.QuotaReached | errors.BacklogFull, gateway: Gateway, caller: Caller, films: int = 1
) -> ApiError:
    """Return the refusal for a limit that is reached, with the time to try again.

    Args:
        full: The limit.
        gateway: Gateway whose open work gives the time to try again.
        caller: Caller of the submission.
        films: Number of films that it has.
    """
    if films > full.bound:
        return TooLarge(
            f"{full.bound} films may be open at once, and this submission has {films}. Send it in "
            "parts."
        )
    if isinstance(full, errors.QuotaReached):
        load = current_load(gateway.database, owner=caller.owner)
        return QuotaReached(
            f"{full.bound} films of this key may be open at once.",
            retry_after_s=retry_after_s(load.backlog_s),
        )
    load = current_load(gateway.database)
    return BacklogFull(
        f"{full.bound} films may be open at once.", retry_after_s=retry_after_s(load.backlog_s)
    )


def retry_after_s(backlog_s: float) -> int:
    """Return the Retry-After: when the open items will be finished at the recent pace.

    Args:
        backlog_s: Seconds until then; infinite if nothing was finished recently.
    """
    spread_s = backlog_s * _random.uniform(1 - _JITTER, 1 + _JITTER)
    return math.ceil(min(max(spread_s, _SHORTEST_S), _LONGEST_S))
