"""The worker's connection to Redis, which survives outages of any length."""

from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport import redis, virtual
from kombu.transport.base import Transport

#: Pause between two attempts to connect, in seconds: a key of `broker_transport_options`.
RECONNECT_S = "reconnect_s"


class CountingQoS(redis.QoS):
    """Counts a delivery as done even if Redis does not take its acknowledgement.

    Kombu makes the network call first. If that fails, the delivery fills the prefetch window of 1
    for good, and the worker never reads another message. The message itself is restored after the
    visibility timeout; a hint too many finds nothing to claim.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a delivery."""
        try:
            super().ack(delivery_tag)
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Reject a delivery, and put its message back if asked to."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        finally:
            virtual.QoS.ack(self, delivery_tag)


class CountingChannel(redis.Channel):
    """Kombu's channel, with the quality of service above."""

    QoS = CountingQoS


class CountingTransport(redis.Transport):
    """Kombu's transport, with the channel above."""

    Channel = CountingChannel


class SteadyConnection(Connection):
    """A connection with a constant pause between two attempts to connect.

    Celery waits 2 s longer each time, up to 30 s, and has no setting for it: a worker would come
    back half a minute after its Redis.
    """

    def get_transport_cls(self) -> type[Transport]:
        """Return the transport of the URL's scheme, with acknowledgements counted."""
        kind = super().get_transport_cls()
        return CountingTransport if kind is redis.Transport else kind

    def ensure_connection(  # type: ignore[override] # it passes on all that it is given
        self,
        *args: Any,  # Any: kombu's own
        **options: Any,  # Any: kombu's own
    ) -> Connection:
        """Connect, trying again with a constant pause."""
        pause_s = (self.transport_options or {}).get(RECONNECT_S, 2.0)
        options.setdefault("interval_start", pause_s)
        options.setdefault("interval_step", 0)
        options.setdefault("interval_max", pause_s)
        return super().ensure_connection(*args, **options)


class SteadyAmqp(AMQP):
    """Celery's messaging, by steady connections."""

    Connection = SteadyConnection
