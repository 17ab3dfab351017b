"""The service on a Redis that asks for a password, speaks TLS, and grants few rights."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
import redis

from jobs.queue.courier import WorkQueue
from jobs.states import Priority
from tests.api.issuer import certificate
from tests.conftest import lacks
from tests.service.conftest import (
    PROJECTED_FILM,
    free_port,
    start_service,
    submit,
    wait_until_finished,
)

PASSWORD = "s3cret"

#: As docs/security.md gives it to operators.
ACL = f"""\
user default off
user pneumocam on >{PASSWORD} resetchannels &* ~* +@all -@admin -@dangerous +info
"""


@dataclass(frozen=True)
class GuardedRedis:
    """Its port and the certificate that it shows."""

    port: int
    trusted: Path

    def url(self, password: str = PASSWORD, *, trust: bool = True) -> str:
        """Return the environment by which a process reaches it."""
        ours = f"&ssl_ca_certs={self.trusted}" if trust else ""
        return f"rediss://pneumocam:{password}@localhost:{self.port}/0?ssl_cert_reqs=required{ours}"


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedRedis]:
    binary = shutil.which("redis-server")
    if binary is None:
        lacks("redis", "no redis-server with TLS is installed")
    with TemporaryDirectory(prefix="pneumocam-test-") as folder:
        pem = certificate(Path(folder))
        (Path(folder) / "users.acl").write_text(ACL)
        port = free_port()
        server = subprocess.Popen(
            [
                binary,
                *("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"),
                *("--tls-cert-file", pem, "--tls-key-file", pem, "--tls-ca-cert-file", pem),
                *("--aclfile", f"{folder}/users.acl", "--dir", folder, "--save", ""),
            ],
            stdout=subprocess.DEVNULL,
        )
        guarded = GuardedRedis(port, pem)
        for _ in range(100):
            with suppress(redis.RedisError):
                redis.Redis.from_url(guarded.url()).ping()
                break
            time.sleep(0.05)
        yield guarded
        server.terminate()
        server.wait()


def test_a_film_goes_through_with_few_rights_and_over_tls(
    guarded: GuardedRedis, tmp_path: Path
) -> None:
    service = start_service(tmp_path, PNEUMOCAM_REDIS_URL=guarded.url())
    try:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            ready = client.get("/readyz").json()
            film = ("film.png", PROJECTED_FILM.read_bytes())
            job = wait_until_finished(client, submit(client, film, priority="stat"))
        logs = service.logs()
    finally:
        service.stop()

    assert ready["dependencies"]["redis"] == "ok"
    assert job["counts"]["succeeded"] == 1
    assert "NOPERM" not in logs
    assert PASSWORD not in logs


@pytest.mark.parametrize(
    "command",
    ["FLUSHALL", "FLUSHDB", "CONFIG GET *", "KEYS *", "SHUTDOWN", "ACL LIST", "MONITOR", "SAVE"],
)
def test_the_services_user_may_not_harm_redis(guarded: GuardedRedis, command: str) -> None:
    with (
        redis.Redis.from_url(guarded.url()) as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.execute_command(*command.split())


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        (lambda guarded: guarded.url("wrong"), redis.AuthenticationError),
        (lambda guarded: guarded.url(trust=False), redis.ConnectionError),
        (lambda guarded: guarded.url().replace("pneumocam:s3cret@", ""), redis.AuthenticationError),
        (
            lambda guarded: f"redis://pneumocam:s3cret@localhost:{guarded.port}",
            redis.ConnectionError,
        ),
    ],
)
def test_clients_without_password_or_certificate_are_refused(
    guarded: GuardedRedis, url: object, refusal: type[redis.RedisError]
) -> None:
    """A Redis whose certificate is not trusted is not spoken to either."""
    assert callable(url)
    queue = WorkQueue(url(guarded))

    with pytest.raises(refusal):
        queue.check()
    with pytest.raises(refusal):
        queue.waiting(Priority.ROUTINE)
