"""Liveness and readiness."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import redis
from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from api.gateway import Gateway, GatewayDep
from api.middleware.audit_trail import not_audited
from api.wire.schemas import Readiness
from jobs.errors import StoreUnavailable
from jobs.queue.heartbeats import live_workers
from jobs.queue.stalls import stalled_s
from jobs.record.reserve import given_up_bytes
from jobs.record.trusted_time import clock_ahead

router = APIRouter(tags=["health"])

_OK = "ok"


@router.get("/livez", summary="Liveness")
@not_audited
def livez() -> dict[str, str]:
    """Always ok; a process that does not answer should be restarted."""
    return {"status": _OK}


@router.get(
    "/readyz",
    summary="Readiness",
    responses={503: {"model": Readiness, "description": "Something is missing"}},
)
@not_audited
def readyz(response: Response, gateway: GatewayDep) -> Readiness:
    """The state of each dependency.

    Redis is not required: without it the service is slower. Nor is the clock: while it is ahead,
    expired jobs are kept. A `disk` that is full still shows and erases films.
    """
    required = {
        "database": _state(gateway.database.check),
        "store": _state(gateway.store.check),
    }
    optional = {"redis": _state(gateway.queue.check)}
    if given_up := given_up_bytes(gateway.database):
        optional["disk"] = f"full; {given_up // 2**20} MiB of the reserve for erasing are in use"
    if required["database"] == _OK:
        optional["clock"] = _clock_state(clock_ahead(gateway.database))
        alive = live_workers(gateway.database, sweep_s=gateway.settings.sweep_s)
        required["worker"] = _worker_state(gateway, alive)
    ready = all(state == _OK for state in required.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, dependencies=required | optional)


def _worker_state(gateway: Gateway, alive: Sequence[str]) -> str:
    """Describe the live workers."""
    if not alive:
        return "no live worker"
    seconds = stalled_s(gateway.database, alive)
    is_stalled = seconds > gateway.settings.stall_s
    return f"films queued, none claimed for {seconds:.0f} s" if is_stalled else _OK


def _clock_state(ahead: timedelta) -> str:
    """Describe the database's clock."""
    return f"{ahead / timedelta(days=1):.1f} days ahead" if ahead else _OK


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except (SQLAlchemyError, StoreUnavailable, redis.RedisError, OSError) as exc:
        return type(exc).__name__
    return _OK
