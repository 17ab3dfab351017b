"""The model card as data, and the drift of the last weeks' films."""

from datetime import timedelta
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
from api.wire.presenters import present_day, present_training_set
from api.wire.problems import documented
from api.wire.schemas import Drift, ModelCard
from jobs.audit.log import Action
from jobs.queue.heartbeats import latest_model
from jobs.states import Scope
from jobs.views.drift import films_by_day, training_set

router = APIRouter(
    prefix="/v1/model",
    tags=["model"],
    dependencies=[needs(Scope.READ)],
    responses=documented(KeyRequired, MissingScope, TooManyRequests, ServiceUnavailable),
)


@router.get("", summary="Model card")
@audited(Action.OTHER)
def read_model(gateway: GatewayDep) -> ModelCard:
    """The manifest of the network that the workers reported."""
    manifest = latest_model(gateway.database)
    if manifest is None:
        raise ServiceUnavailable("No worker has reported its network yet.")
    return manifest


@router.get(
    "/drift",
    summary="Drift of the last days' films",
    responses=documented(InvalidRequest),
)
@audited(Action.OTHER)
def read_drift(
    gateway: GatewayDep,
    caller: CallerDep,
    days: Annotated[int, Query(ge=1, le=366, description="Today among them.")] = 28,
) -> Drift:
    """Counts by day and network version: scores, views, rejections.

    Of the caller's own films, or with `admin` of everyone's. What was erased no longer counts.
    """
    as_of, found = films_by_day(gateway.database, days=days, owner=caller.visible_owner)
    known = training_set(latest_model(gateway.database) or {})
    return Drift(
        as_of=as_of,
        first_day=as_of.date() - timedelta(days=days - 1),
        days=[present_day(films) for films in found],
        training_set=None if known is None else present_training_set(known),
    )
