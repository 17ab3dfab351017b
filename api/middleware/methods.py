"""Methods of each address of the API, and HEAD wherever there is GET.

The framework tells the methods of the first route that fits an address, and lets a parameter take
the place of a word: `GET /v1/jobs/search` would be the job of that name. It serves no HEAD.
"""

from collections.abc import Collection, Iterable

from fastapi.routing import APIRoute
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.wire.errors import MethodNotAllowed


class KnownMethods:
    """Refuse a method that none of an address's routes has, naming those that they have."""

    def __init__(self, app: ASGIApp, routes: Iterable[APIRoute]) -> None:
        """Collect the routes' methods.

        Args:
            app: Application that serves what is not refused.
            routes: Every route of the API.
        """
        self._app = app
        methods: dict[str, set[str]] = {}
        for route in routes:
            own = route.methods or set()
            implied = {"HEAD"} if "GET" in own else set()
            methods.setdefault(route.path, set()).update(own | implied)
        self._literal = {path: those for path, those in methods.items() if "{" not in path}
        # Fewer parameters first: of two routes that fit, the more literal one is meant.
        by_parameters = sorted(methods, key=lambda path: path.count("{"))
        self._templates = [
            (compile_path(path)[0], methods[path]) for path in by_parameters if "{" in path
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        methods = self._methods_of(scope["path"]) if scope["type"] == "http" else ()
        if methods and scope["method"] not in methods:
            raise MethodNotAllowed(methods)
        if methods and scope["method"] == "HEAD":
            await self._answer_head(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _methods_of(self, path: str) -> Collection[str]:
        if path in self._literal:
            return self._literal[path]
        fitting = (methods for pattern, methods in self._templates if pattern.match(path))
        return next(fitting, ())

    async def _answer_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as GET does, without the body (RFC 9110, 9.3.2); a stream ends at once."""
        as_get = {**scope, "method": "GET"}
        ended = False

        async def send_headers_only(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.body":
                if ended:
                    return
                ended = True
                message = {"type": "http.response.body"}
            await send(message)

        try:
            await self._app(as_get, receive, send_headers_only)
        finally:
            if "route" in as_get:
                scope["route"] = as_get["route"]  # for the log and the metrics
