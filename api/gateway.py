"""What every request works with."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from api.settings import ApiSettings
from jobs.artifacts import ArtifactStore
from jobs.database import Database
from jobs.queue import WorkQueue


@dataclass(frozen=True, slots=True)
class Gateway:
    """The record, the store and the courier, opened once."""

    settings: ApiSettings
    database: Database
    store: ArtifactStore
    queue: WorkQueue

    @classmethod
    def open(cls, settings: ApiSettings) -> "Gateway":
        """Connect to nothing yet: each part does so when it is first used."""
        return cls(
            settings=settings,
            database=Database(settings.database_url),
            store=ArtifactStore.open(settings.store_url),
            queue=WorkQueue(settings.redis_url),
        )


def _gateway(request: Request) -> Gateway:
    return cast("Gateway", request.app.state.gateway)


GatewayDep = Annotated[Gateway, Depends(_gateway)]
