"""Which methods an address has.

The framework tells those of the first route that fits an address, and lets a parameter take the
place of a word: `GET /v1/jobs/search` would be the job of that name.
"""

from collections.abc import Collection, Iterable

from fastapi.routing import APIRoute
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.wire.errors import MethodNotAllowed


class KnownMethods:
    """Refuses a method that none of an address's routes has, and names those that they have."""

    def __init__(self, app: ASGIApp, routes: Iterable[APIRoute]) -> None:
        """Learn the routes.

        Args:
            app: What is asked if one of them has the method, or none fits the address.
            routes: Every route of the API.
        """
        self._app = app
        methods: dict[str, set[str]] = {}
        for route in routes:
            own = route.methods or set()
            # The framework answers HEAD wherever it answers GET.
            implied = {"HEAD"} if "GET" in own else set()
            methods.setdefault(route.path, set()).update(own | implied)
        self._literal = {path: those for path, those in methods.items() if "{" not in path}
        # Those with fewer parameters first: of two that fit, that is the one that is meant.
        by_parameters = sorted(methods, key=lambda path: path.count("{"))
        self._templates = [
            (compile_path(path)[0], methods[path]) for path in by_parameters if "{" in path
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            self._check(scope["method"], scope["path"])
        await self._app(scope, receive, send)

    def _check(self, method: str, path: str) -> None:
        methods = self._methods_of(path)
        if methods and method not in methods:
            raise MethodNotAllowed(methods)

    def _methods_of(self, path: str) -> Collection[str]:
        if path in self._literal:
            return self._literal[path]
        fitting = (methods for pattern, methods in self._templates if pattern.match(path))
        return next(fitting, ())
