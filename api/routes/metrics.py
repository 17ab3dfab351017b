"""Metrics for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.access import needs
from api.gateway import GatewayDep
from api.middleware.audit_trail import audited
from api.wire.errors import KeyRequired, MissingScope, ServiceUnavailable, TooManyRequests
from api.wire.problems import documented
from jobs.audit.log import Action
from jobs.states import Scope

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    dependencies=[needs(Scope.METRICS)],
    responses={
        200: {
            "description": "Prometheus text",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **documented(KeyRequired, MissingScope, TooManyRequests, ServiceUnavailable),
    },
)
@audited(Action.OTHER)
def read_metrics(gateway: GatewayDep) -> Response:
    """Needs a key with the scope `metrics`, which allows nothing else, or `admin`.

    Nothing in it is about a patient, a film or a key.
    """
    text = gateway.metrics.render(
        gateway.database,
        sweep_s=gateway.settings.sweep_s,
        held_open=gateway.places.taken,
    )
    return Response(text, media_type=CONTENT_TYPE_LATEST)
