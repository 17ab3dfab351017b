"""The FastAPI application, assembled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import dashboard
from api.gateway import Gateway
from api.middleware.audit_trail import AuditTrail
from api.middleware.hosts import AllowedHosts
from api.middleware.methods import KnownMethods
from api.middleware.request_context import RequestContext
from api.routes import (
    artifacts,
    dicom_web,
    feedback,
    health,
    jobs,
    metrics,
    model,
    reports,
    session,
    webhooks,
    worklist,
)
from api.settings import ApiSettings
from api.wire import problems
from api.wire.schemas import Problem
from jobs.record.reserve import fill_reserve
from telemetry.logs import configure_logs
from telemetry.tracing import begin_tracing, end_tracing

_DESCRIPTION = """\
PneumoCAM reads chest radiographs, says how likely a pneumonia-like lung opacity is, and shows
where the network saw it.

**For research and evaluation. Not a medical device, not a diagnosis.**

Send films to `POST /v1/jobs`, follow the job at its `Location`, fetch the pictures by the links
of its items.

Once a key exists (`pneumocam keys create`), every request but those for health, sessions and this
document needs one: `Authorization: Bearer pcam_…`. A key sees its own jobs only.
"""

#: The worklist comes first: it has words where a job's path has its id. So do reports, where the
#: path of an artifact has its kind.
ROUTES = (
    worklist,
    jobs,
    reports,
    artifacts,
    feedback,
    webhooks,
    model,
    session,
    dicom_web,
    health,
    metrics,
)


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """Assemble the gateway; settings come from the environment unless given."""
    settings = settings or ApiSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Gateway]]:
        configure_logs()
        begin_tracing("pneumocam-api")
        gateway: Gateway = app.state.gateway
        gateway.database.migrate()
        fill_reserve(gateway.database)
        gateway.metrics.start(gateway.database)
        async with gateway.audit.open(), anyio.create_task_group() as beside:
            beside.start_soon(gateway.job_watcher.run)
            beside.start_soon(gateway.worklist_watcher.run)
            # The server's connections read it from the lifespan state.
            yield {"gateway": gateway}
            beside.cancel_scope.cancel()
        gateway.database.close()
        await anyio.to_thread.run_sync(end_tracing)

    app = FastAPI(
        title="PneumoCAM",
        version=version("pneumocam"),
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        # The framework's own would hold paths as requested, and exceptions with their texts.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        docs_url=None,
        redoc_url=None,
    )
    app.state.gateway = Gateway.open(settings)
    for routes in ROUTES:
        app.include_router(routes.router)
    problems.install(app)
    _describe_problems(app)
    dashboard.mount(app, settings.dashboard_dir)
    app.add_middleware(AllowedHosts, hosts=settings.hosts)
    app.add_middleware(AuditTrail)
    app.add_middleware(
        KnownMethods,
        routes=[
            route
            for routes in ROUTES
            for route in routes.router.routes
            if isinstance(route, APIRoute)
        ],
    )
    app.add_middleware(RequestContext, settings=settings, metrics=app.state.gateway.metrics)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Put the problem's schema where every route's responses point."""
    make_document = app.openapi

    def with_problem() -> dict[str, object]:
        document = make_document()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas.update(schema.pop("$defs", {}))
        schemas["Problem"] = schema
        return document

    app.openapi = with_problem  # type: ignore[method-assign] # FastAPI's documented way
