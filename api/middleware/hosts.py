"""Restriction of the hosts that the gateway answers for.

A page of another site can point its own name at this machine (DNS rebinding). The browser then
takes the service for a part of that site; only the Host header still tells the two apart.
"""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from api.settings import ANY_HOST, HOST
from api.wire.errors import MisdirectedRequest
from api.wire.problems import problem_response

#: Paths answered for any host: orchestrators call them at addresses that cannot be known before.
#: They show nothing of patients, and metrics only with a key where keys are needed.
_ANYWHERE = frozenset({"/livez", "/readyz", "/metrics"})


class AllowedHosts:
    """Refuse requests for other hosts before anything else is checked."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        """Set the hosts.

        Args:
            app: Application that serves what is not refused.
            hosts: Host names in lower case, without ports; or `*`.
        """
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not self._is_for_us(scope):
            refusal = MisdirectedRequest(
                "The service does not answer for this host. "
                "Its operator lists the hosts in PNEUMOCAM_ALLOWED_HOSTS."
            )
            await problem_response(scope, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_for_us(self, scope: Scope) -> bool:
        if ANY_HOST in self._hosts or scope["path"] in _ANYWHERE:
            return True
        return host_of(scope) in self._hosts


def host_of(scope: Scope) -> str | None:
    """Return the request's host in lower case, without port.

    Returns:
        None if there is not exactly one Host header, or if it is malformed.
    """
    written = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    named = HOST.fullmatch(written[0]) if len(written) == 1 else None
    return named and named[1].lower()
