"""Which hosts the gateway answers for.

A page of another site can have its own name lead to this machine (DNS rebinding). The browser then
takes the service for a part of that site; only the header Host still tells the two apart.
"""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from api.settings import ANY_HOST, HOST
from api.wire.errors import MisdirectedRequest
from api.wire.problems import problem_response

#: Asked by orchestrators at an address that nobody can know beforehand. They tell nothing of a
#: patient, and figures only to a key where there is one.
_ANYWHERE = frozenset({"/livez", "/readyz", "/metrics"})


class AllowedHosts:
    """Refuses what is meant for another host, before anything else is looked at."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        """Learn the hosts.

        Args:
            app: What serves those that are meant for this one.
            hosts: Their names, in lower case and without ports; or `*`.
        """
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and not self._is_for_us(scope):
            refusal = MisdirectedRequest(
                "The service does not answer for this host. "
                "Whoever runs it lists its hosts in PNEUMOCAM_ALLOWED_HOSTS."
            )
            await problem_response(scope, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_for_us(self, scope: Scope) -> bool:
        if ANY_HOST in self._hosts or scope["path"] in _ANYWHERE:
            return True
        return host_of(scope) in self._hosts


def host_of(scope: Scope) -> str | None:
    """The host that a request is for, in lower case and without its port.

    Returns:
        None where the request does not say it once, or not in a way that can be.
    """
    written = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    named = HOST.fullmatch(written[0]) if len(written) == 1 else None
    return named and named[1].lower()
