"""The worker's connection to Redis during and after outages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis
from kombu import Connection, Consumer, Message, Producer, Queue

from tests.servers.redis import RedisServer
from worker.app import app
from worker.connection import RECONNECT_S, CountingTransport, SteadyConnection
from worker.settings import WorkerSettings

SILENCE_S = 0.3


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis that the test may freeze or end."""
    with TemporaryDirectory(prefix="pneumocam-test-") as folder:
        server = RedisServer(Path(folder))
        yield server
        server.thaw()
        server.kill()


def test_the_pause_before_reconnecting_is_constant(server: RedisServer) -> None:
    """Celery by itself would wait longer from one attempt to the next, up to half a minute."""
    pauses: list[float] = []

    def note(_: Exception, pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 20:
            server.start()

    connection = SteadyConnection(server.url, transport_options={RECONNECT_S: 0.05})
    connection.ensure_connection(note)
    try:
        assert pauses == [0.05] * 20
        assert connection.connected
    finally:
        connection.release()


def test_the_worker_connects_so() -> None:
    connection = app.connection_for_read()

    assert isinstance(connection, SteadyConnection)
    assert connection.get_transport_cls() is CountingTransport
    assert connection.transport_options is not None
    assert connection.transport_options[RECONNECT_S] == WorkerSettings().reconnect_s


@contextmanager
def one_delivery(connection: Connection) -> Iterator[Message]:
    """A message that fills the prefetch window of its channel."""
    received: list[Message] = []
    queue = Queue("hints")
    with connection, connection.channel() as channel:
        Producer(channel).publish({}, routing_key="hints", declare=[queue])
        consumer = Consumer(channel, queues=[queue])
        consumer.on_message = received.append
        consumer.qos(prefetch_count=1)
        with consumer:
            connection.drain_events(timeout=10)
            yield received[0]


@pytest.mark.parametrize("settle", ["ack", "reject", "requeue"])
@pytest.mark.parametrize("kind", [SteadyConnection, Connection], ids=["ours", "kombu"])
def test_a_delivery_is_done_even_if_redis_does_not_take_its_acknowledgement(
    server: RedisServer, kind: type[Connection], settle: str
) -> None:
    """Otherwise the window stays full, and the worker never reads again.

    Kombu's own connection does that. When it no longer does, `CountingQoS` can go.
    """
    server.start()
    options = {"socket_timeout": SILENCE_S, RECONNECT_S: 0.05, "retry_on_timeout": False}
    with one_delivery(kind(server.url, transport_options=options)) as message:
        assert message.channel is not None
        qos = message.channel.qos
        assert not qos.can_consume()

        server.freeze()
        with pytest.raises((redis.RedisError, OSError)):
            getattr(message, settle)()
        server.thaw()

        assert qos.can_consume() is (kind is SteadyConnection)
