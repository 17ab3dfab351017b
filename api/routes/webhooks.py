"""Webhooks: their signing secret and their deliveries."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import CallerDep, needs
from api.gateway import GatewayDep
from api.middleware.audit_trail import audited
from api.wire.errors import (
    InvalidRequest,
    KeyRequired,
    MissingScope,
    ServiceUnavailable,
    TooManyRequests,
)
from api.wire.presenters import present_delivery
from api.wire.problems import documented
from api.wire.schemas import Deliveries, WebhookSecret
from jobs.audit.log import Action
from jobs.states import JOB_ID_PATTERN, DeliveryState, Scope
from jobs.webhooks.outbox import DeliveryFilter, list_deliveries, new_secret

router = APIRouter(
    prefix="/v1/webhooks",
    tags=["webhooks"],
    responses=documented(
        KeyRequired, MissingScope, InvalidRequest, TooManyRequests, ServiceUnavailable
    ),
)


@router.post(
    "/secret",
    status_code=201,
    summary="Make a new signing secret",
    dependencies=[needs(Scope.SUBMIT)],
)
@audited(Action.CREATE_SECRET)
def make_secret(gateway: GatewayDep, caller: CallerDep) -> WebhookSecret:
    """Make the signing secret of the caller's key; this is the only time it is shown.

    The previous secret signs as well for 24 hours, so that receivers can change over.
    """
    made = new_secret(gateway.database, caller.owner)
    return WebhookSecret(secret=made.text, created_at=made.created_at)


@router.get(
    "/deliveries",
    summary="List the deliveries of webhooks",
    dependencies=[needs(Scope.READ)],
)
@audited(Action.OTHER)
def read_deliveries(
    *,
    gateway: GatewayDep,
    caller: CallerDep,
    job_id: Annotated[str | None, Query(pattern=f"^{JOB_ID_PATTERN}$")] = None,
    state: DeliveryState | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=26)] = None,
) -> Deliveries:
    """One page of deliveries with their attempts, newest first."""
    where = DeliveryFilter(job_id=job_id, state=state, owner=caller.visible_owner)
    rows, next_cursor = list_deliveries(gateway.database, where, limit=limit, cursor=cursor)
    return Deliveries(rows=[present_delivery(row) for row in rows], next_cursor=next_cursor)
