"""One call of a webhook receiver (Standard Webhooks 1.0), to a checked address."""

import ssl
import time
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

import anyio
import anyio.to_thread
import httpx
from standardwebhooks.webhooks import Webhook

from jobs.errors import CallbackCode, CallbackRefused
from jobs.states import DeliveryFault
from jobs.webhooks.addresses import Network, parse_callback_url, resolve
from jobs.webhooks.deliveries import Delivery, DeliveryResult
from worker.retry_after import retry_after_s


class ReceiverClient:
    """Calls receivers; reads the status of an answer and no body."""

    def __init__(self, *, timeout_s: float, allowed: tuple[Network, ...]) -> None:
        """Create the HTTP client.

        Args:
            timeout_s: Time limit of a whole call, from the name look-up to the answer's headers.
            allowed: Networks that may be called although they are not public.
        """
        self._timeout_s = timeout_s
        self._allowed = allowed
        self._client = httpx.AsyncClient(
            # The machine's trust store, with a hospital's own authority.
            verify=ssl.create_default_context(),
            headers={"User-Agent": f"PneumoCAM/{version('pneumocam')}"},
            timeout=timeout_s,
            follow_redirects=False,
            # A proxy would resolve names itself and bypass the check.
            trust_env=False,
            # Calls go to addresses: a kept connection could be reused for another name.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._client.aclose()

    async def call(self, delivery: Delivery) -> DeliveryResult:
        """Send an event once, and return the result."""
        started = time.monotonic()
        status = asked_s = None
        error: CallbackCode | DeliveryFault | None = None
        try:
            with anyio.fail_after(self._timeout_s):
                response = await self._post(delivery)
            status = response.status_code
            asked_s = retry_after_s(response)
        except CallbackRefused as refused:
            error = refused.code
        except (TimeoutError, httpx.TimeoutException):
            error = DeliveryFault.TIMEOUT
        except httpx.ConnectError as exc:
            is_tls = isinstance(_root(exc), ssl.SSLError)
            error = DeliveryFault.TLS_FAILED if is_tls else DeliveryFault.NOT_CONNECTED
        except httpx.TransportError:
            error = DeliveryFault.CONNECTION_LOST
        ms = round((time.monotonic() - started) * 1000)
        return DeliveryResult(ms=ms, status=status, error=error, retry_after_s=asked_s)

    async def _post(self, delivery: Delivery) -> httpx.Response:
        url = parse_callback_url(delivery.url)
        addresses = await anyio.to_thread.run_sync(
            # A resolver has its own time-out, and cannot be stopped.
            partial(resolve, url, allowed=self._allowed),
            abandon_on_cancel=True,
        )
        # Each attempt uses the next address, in case one of them is unreachable.
        address = addresses[(delivery.attempt - 1) % len(addresses)]
        call = self._client.stream(
            "POST",
            url.copy_with(host=address),
            content=delivery.body,
            headers={
                "Host": url.netloc.decode(),
                "Content-Type": "application/json",
                **_signed(delivery, datetime.now(UTC)),
            },
            # The certificate must be valid for the name, whatever the address.
            extensions={"sni_hostname": url.raw_host.decode()},
        )
        async with call as response:
            return response


def _signed(delivery: Delivery, now: datetime) -> dict[str, str]:
    signatures = (Webhook(one).sign(delivery.id, now, delivery.body) for one in delivery.secrets)
    return {
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _root(exc: BaseException) -> BaseException:
    """Return the first cause of an exception."""
    while (cause := exc.__cause__ or exc.__context__) is not None:
        exc = cause
    return exc
