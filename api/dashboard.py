"""The built dashboard, served beside the API it talks to."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response
from starlette.types import Scope

#: Addresses that are the API's own: an unknown one there is a 404, not the dashboard.
_API = ("/v1/", "/docs", "/openapi.json")


class _SinglePage(StaticFiles):
    """Files as they are; any other address is the application's, which routes by itself."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True)
        self._index = directory / "index.html"

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as exc:
            # As it was asked for: `path` has its dots resolved.
            asked: str = scope["path"]
            if exc.status_code != 404 or asked.startswith((*_API, "/assets/")):
                raise
            response = FileResponse(self._index)
        # Names under assets/ carry a hash of their content; the page that names them does not.
        lasting = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else "no-cache"
        )
        return response


def mount(app: FastAPI, directory: Path) -> None:
    """Serve the dashboard at `/`, if it has been built."""
    if (directory / "index.html").is_file():
        # Only what is the same for everybody: a compressed answer's length tells of its content.
        app.mount("/", GZipMiddleware(_SinglePage(directory)), name="dashboard")
