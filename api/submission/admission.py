"""Whether there is room for another submission.

Asked before its body is read, and once more by the transaction that accepts it.
"""

import math
from random import SystemRandom

import anyio.to_thread

from api.gateway import Gateway
from api.wire.errors import ApiError, BacklogFull, QuotaReached, TooLarge
from jobs import errors
from jobs.identity.keys import Caller
from jobs.queue.quotas import Bounds, current_load, require_room

#: Sooner helps nobody, and what is later than this is a guess.
_SHORTEST_S, _LONGEST_S = 1, 120

#: Clients that were refused together do not come back together.
_JITTER = 0.2

_random = SystemRandom()


def bounds_for(caller: Caller, gateway: Gateway) -> Bounds:
    """How much may be open for this caller. Without keys there is only the service's bound."""
    owners = caller.max_open or gateway.settings.key_max_open
    return Bounds(
        all_open=gateway.settings.max_open,
        owners_open=None if caller.owner is None else owners,
    )


async def refuse_without_room(gateway: Gateway, caller: Caller) -> None:
    """Refuse a submission whose films could not be accepted, however few they are.

    Raises:
        QuotaReached: As many of the caller's films are open as may be.
        BacklogFull: As many are in the whole service.
    """
    await anyio.to_thread.run_sync(_refuse_without_room, gateway, caller)


def _refuse_without_room(gateway: Gateway, caller: Caller) -> None:
    try:
        with gateway.database.read() as session:
            require_room(session, caller.owner, bounds_for(caller, gateway), items=1)
    except (errors.QuotaReached, errors.BacklogFull) as full:
        raise no_room(full, gateway, caller) from full


def no_room(
    full: errors.QuotaReached | errors.BacklogFull, gateway: Gateway, caller: Caller, films: int = 1
) -> ApiError:
    """What a client is told of a bound that is reached, and when it should ask again.

    Args:
        full: The bound.
        gateway: Whose work tells how long it takes.
        caller: Who asks.
        films: How many it wanted to add.
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
    """When to ask again: when what is open will have been analysed at the pace of late.

    Args:
        backlog_s: Seconds that it takes; infinite if nothing was analysed of late.
    """
    spread_s = backlog_s * _random.uniform(1 - _JITTER, 1 + _JITTER)
    return math.ceil(min(max(spread_s, _SHORTEST_S), _LONGEST_S))
