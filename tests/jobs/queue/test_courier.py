"""The courier, on a Redis that is there, away, or not to be trusted."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

from jobs.queue.courier import RedisMayEvict, WorkQueue
from jobs.states import Priority
from tests.servers.redis import RedisServer


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A Redis that this test may set up and stop."""
    with TemporaryDirectory(prefix="pneumocam-test-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.kill()


def client_of(server: RedisServer) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(server.socket))


def test_a_redis_that_keeps_everything_is_well(own_server: RedisServer) -> None:
    WorkQueue(own_server.url).check()


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_redis_that_may_forget_messages_is_told_of(own_server: RedisServer, policy: str) -> None:
    client_of(own_server).config_set("maxmemory-policy", policy)

    with pytest.raises(RedisMayEvict, match=policy):
        WorkQueue(own_server.url).check()


def test_a_redis_that_does_not_say_is_trusted(own_server: RedisServer) -> None:
    client_of(own_server).acl_setuser("default", enabled=True, commands=["-info"])

    WorkQueue(own_server.url).check()


def test_a_redis_that_is_away_takes_no_hint_and_raises_nothing(own_server: RedisServer) -> None:
    queue = WorkQueue(own_server.url)
    assert queue.hint(Priority.STAT)
    own_server.kill()

    assert not queue.hint(Priority.STAT)
    with pytest.raises(redis.RedisError):
        queue.check()
