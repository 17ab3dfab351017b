"""The gateway's parts: opened once, used by every request."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from api.audit_writer import AuditWriter
from api.callers.first_key import FirstKey
from api.callers.oidc import TokenIssuer
from api.callers.rates import Rates
from api.following.jobs import JobWatcher
from api.following.places import Places
from api.following.worklist import WorklistWatcher
from api.metrics import Metrics
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.queue.courier import WorkQueue
from jobs.queue.reception import Reception
from jobs.record.database import Database


@dataclass(frozen=True, slots=True)
class Gateway:
    """The record, the store, the courier, and the state of this process."""

    settings: ApiSettings
    database: Database
    store: ArtifactStore
    queue: WorkQueue
    first_key: FirstKey
    rates: Rates
    places: Places
    job_watcher: JobWatcher
    worklist_watcher: WorklistWatcher
    metrics: Metrics
    audit: AuditWriter
    issuer: TokenIssuer | None

    @classmethod
    def open(cls, settings: ApiSettings) -> "Gateway":
        """Assemble the parts; each connects when it is first used."""
        database = Database(settings.database_url)
        return cls(
            settings=settings,
            database=database,
            store=ArtifactStore.open(settings.store_url),
            queue=WorkQueue(settings.redis_url),
            first_key=FirstKey(database),
            rates=Rates(settings.redis_url, default=settings.key_rate),
            places=Places(settings.max_waiting),
            job_watcher=JobWatcher(database),
            worklist_watcher=WorklistWatcher(database),
            metrics=Metrics(),
            audit=AuditWriter(database),
            issuer=_issuer(settings),
        )

    @property
    def reception(self) -> Reception:
        """The parts that a submission passes through."""
        return Reception(self.settings, self.database, self.store, self.queue)


def _issuer(settings: ApiSettings) -> TokenIssuer | None:
    if not settings.oidc_issuer:
        return None
    return TokenIssuer(
        settings.oidc_issuer,
        audience=settings.oidc_audience,
        scope_claim=settings.oidc_scope_claim,
    )


def gateway_of(request: Request) -> Gateway:
    """Return the gateway of the request's application."""
    return cast("Gateway", request.app.state.gateway)


async def _gateway(request: Request) -> Gateway:  # async, so that it takes no thread
    return gateway_of(request)


GatewayDep = Annotated[Gateway, Depends(_gateway)]
