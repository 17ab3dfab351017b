"""The built dashboard, served beside the API."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response
from starlette.types import Scope

#: Paths of the API: an unknown path there is a 404, not the dashboard's page.
_API = ("/v1/", "/docs", "/openapi.json")


class _SinglePage(StaticFiles):
    """Static files; any other path returns the page, which routes by itself."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True)
        self._index = directory / "index.html"

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as exc:
            # The path as requested: `path` has its dots resolved.
            asked: str = scope["path"]
            if exc.status_code != 404 or asked.startswith((*_API, "/assets/")):
                raise
            response = FileResponse(self._index)
        # Names under assets/ contain a hash of the content; the page that names them does not.
        lasting = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else "no-cache"
        )
        return response


def mount(app: FastAPI, directory: Path) -> None:
    """Serve the dashboard at `/`, if it has been built."""
    if (directory / "index.html").is_file():
        # Compressed because it is public: the length of a compressed answer reveals its content.
        app.mount("/", GZipMiddleware(_SinglePage(directory)), name="dashboard")
