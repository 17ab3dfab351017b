"""The model card as data."""

from fastapi import APIRouter

from api.access import needs
from api.errors import KeyRequired, MissingScope, ServiceUnavailable
from api.gateway import GatewayDep
from api.problems import documented
from api.schemas import ModelCard
from jobs.states import Scope
from jobs.workers import latest_model

router = APIRouter(
    prefix="/v1/model",
    tags=["model"],
    dependencies=[needs(Scope.READ)],
    responses=documented(KeyRequired, MissingScope, ServiceUnavailable),
)


@router.get("", summary="The network in use")
def read_model(gateway: GatewayDep) -> ModelCard:
    """The manifest of the network that the workers run, as they reported it."""
    manifest = latest_model(gateway.database)
    if manifest is None:
        raise ServiceUnavailable("No worker has reported its network yet.")
    return manifest
