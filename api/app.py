"""The FastAPI application, assembled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api import dashboard, problems
from api.gateway import Gateway
from api.middleware import RequestContext
from api.routes import artifacts, health, jobs, model, session
from api.schemas import Problem
from api.settings import ApiSettings
from jobs.logs import configure_logs

_DESCRIPTION = """\
PneumoCAM reads chest radiographs, says how likely a pneumonia-like lung opacity is, and shows
where the network saw it.

**For research and evaluation. Not a medical device, not a diagnosis.**

Send films to `POST /v1/jobs`, follow the job at its `Location`, fetch the pictures by the links
of its items.

Once a key exists (`pneumocam keys create`), every request but those for health, sessions and this
document needs one: `Authorization: Bearer pcam_…`. A key sees its own jobs only.
"""


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """Assemble the gateway; settings come from the environment unless given."""
    settings = settings or ApiSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logs()
        app.state.gateway.database.migrate()
        yield
        app.state.gateway.database.close()

    app = FastAPI(
        title="PneumoCAM",
        version=version("pneumocam"),
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.gateway = Gateway.open(settings)
    for routes in (jobs, artifacts, model, session, health):
        app.include_router(routes.router)
    problems.install(app)
    _describe_problems(app)
    dashboard.mount(app, settings.dashboard_dir)
    app.add_middleware(RequestContext)
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
