"""One call of a receiver, as Standard Webhooks 1.0 has it, to an address that was looked at."""

import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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


class ReceiverClient:
    """Calls receivers; of what they answer, it reads the status and no body."""

    def __init__(self, *, timeout_s: float, allowed: tuple[Network, ...]) -> None:
        """Prepare to call.

        Args:
            timeout_s: For the whole of a call, from the look-up to the answer's headers.
            allowed: Networks that may be called though they are not public.
        """
        self._timeout_s = timeout_s
        self._allowed = allowed
        self._client = httpx.AsyncClient(
            # What the machine trusts, a hospital's own authority included.
            verify=ssl.create_default_context(),
            headers={"User-Agent": f"PneumoCAM/{version('pneumocam')}"},
            timeout=timeout_s,
            follow_redirects=False,
            # A proxy would look names up itself, behind our back.
            trust_env=False,
            # Calls go to addresses: a connection that is kept might be taken for another name's.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def call(self, delivery: Delivery) -> DeliveryResult:
        """Send an event once; what became of it."""
        started = time.monotonic()
        status = retry_after_s = None
        error: CallbackCode | DeliveryFault | None = None
        try:
            with anyio.fail_after(self._timeout_s):
                response = await self._post(delivery)
            status = response.status_code
            retry_after_s = _retry_after_s(response)
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
        return DeliveryResult(ms=ms, status=status, error=error, retry_after_s=retry_after_s)

    async def _post(self, delivery: Delivery) -> httpx.Response:
        url = parse_callback_url(delivery.url)
        addresses = await anyio.to_thread.run_sync(
            # A resolver has patience of its own, and cannot be stopped.
            partial(resolve, url, allowed=self._allowed),
            abandon_on_cancel=True,
        )
        # Each attempt takes the next address, in case one of them leads nowhere from here.
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
            # The certificate is to be the name's, whatever the address.
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


def _retry_after_s(response: httpx.Response) -> float | None:
    """When to come back, as seconds or a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    with suppress(ValueError, TypeError):  # no date, or one without a zone
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    return None


def _root(exc: BaseException) -> BaseException:
    """What an exception came from, at the very beginning."""
    while (cause := exc.__cause__ or exc.__context__) is not None:
        exc = cause
    return exc
