"""A worker comes back soon after its Redis does."""

from pathlib import Path
from tempfile import TemporaryDirectory

from kombu import Connection

from tests.servers.redis import RedisServer
from worker.app import app, settings
from worker.connection import patient_connection


def test_a_redis_that_was_away_for_long_is_tried_as_often_as_one_that_just_went() -> None:
    """Celery by itself would wait longer from one attempt to the next, up to half a minute."""
    with TemporaryDirectory(prefix="pneumocam-test-") as folder:
        server = RedisServer(Path(folder))
        pauses: list[float] = []

        def note(_: Exception, pause_s: float) -> None:
            pauses.append(pause_s)
            if len(pauses) == 20:
                server.start()

        connection = patient_connection(0.05)(server.url)
        connection.ensure_connection(note)
        try:
            assert pauses == [0.05] * 20
            assert connection.connected
        finally:
            connection.release()
            server.kill()


def test_the_workers_own_connections_are_such() -> None:
    connection = app.connection_for_read()

    assert isinstance(connection, Connection)
    assert type(connection).__name__ == patient_connection(settings.reconnect_s).__name__
