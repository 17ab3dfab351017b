"""The service in containers: hardened, and nothing lost when workers are killed and added.

`PNEUMOCAM_COMPOSE_FILMS` is how many films are sent at a time; the throughput is printed.
"""

import io
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.conftest import ROOT
from tests.service.compose import Compose, require_engine
from tests.service.conftest import PROJECTED_FILM, submit, wait_until_finished

pytestmark = pytest.mark.timeout(3600)

FILMS = int(os.environ.get("PNEUMOCAM_COMPOSE_FILMS", "60"))
#: Enough to tell how fast they are.
TIMED_FILMS = max(FILMS // 4, 20)
_OURS = ("api", "worker")
_ALL = (*_OURS, "redis", "postgres")


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """All of them, with one worker to begin with."""
    require_engine()
    with Compose(tmp_path_factory.mktemp("compose")) as containers:
        containers.scale(1)
        yield containers


@pytest.fixture
def client(containers: Compose) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=containers.url, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def real_films() -> list[Path]:
    """Real films, where there are any; else the one that ships with the tests."""
    folder = Path(os.environ.get("PNEUMOCAM_FILMS", ROOT.parent / "shared" / "data"))
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in {".jpg", ".jpeg", ".png"})
    return list(islice(found, 100)) or [PROJECTED_FILM]


def fresh(sources: list[Path], count: int) -> list[tuple[str, bytes]]:
    """So many films that nobody has sent before, so that each has to be read."""
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        mark = f"{number} {time.time_ns()}"
        content = source.read_bytes()
        if content.startswith(b"\xff\xd8"):
            comment = mark.encode()
            content = (
                content[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + content[2:]
            )
        else:
            text, buffer = PngInfo(), io.BytesIO()
            text.add_text("Comment", mark)
            Image.open(io.BytesIO(content)).save(buffer, "PNG", pnginfo=text)
            content = buffer.getvalue()
        made.append((f"{number}{source.suffix}", content))
    return made


def test_every_container_is_hardened_and_healthy(containers: Compose) -> None:
    containers.wait_for(lambda: all(containers.health(name) == ["healthy"] for name in _ALL))
    for name in _ALL:
        assert containers.inspect(name, "{{.HostConfig.ReadonlyRootfs}}") == ["true"]
        assert containers.inspect(name, "{{.HostConfig.CapDrop}}") == ["[ALL]"]
        [options] = containers.inspect(name, "{{.HostConfig.SecurityOpt}}")
        assert "no-new-privileges" in options
        [memory] = containers.inspect(name, "{{.HostConfig.Memory}}")
        assert int(memory) > 0
    for name in _OURS:
        assert containers.inspect(name, "{{.Config.User}}") == ["10001"]
        assert containers.inspect(name, "{{.HostConfig.CapAdd}}") == ["[]"]
        [container] = containers.containers(name)
        assert containers.execute(container, "id", "-u").stdout.strip() != "0"
        assert containers.execute(container, "touch", "/app/anything").returncode != 0


def test_passwords_are_in_files_and_nowhere_else(containers: Compose) -> None:
    secret = (containers.secrets / "postgres_password").read_text().strip()
    redis_secret = (containers.secrets / "redis.conf").read_text().split()[1]
    for name in _ALL:
        for what in ("{{.Config.Env}}", "{{.Args}} {{.Config.Cmd}}"):
            [told] = containers.inspect(name, what)
            assert secret not in told
            assert redis_secret not in told
    assert containers.secrets.stat().st_mode & 0o077 == 0


def test_redis_asks_for_its_password_and_keeps_what_it_was_told(containers: Compose) -> None:
    [container] = containers.containers("redis")
    secret = (containers.secrets / "redis.conf").read_text().split()[1]

    asked = containers.execute(container, "redis-cli", "config", "get", "*")
    settings = containers.execute(
        container, "redis-cli", "-a", secret, "--no-auth-warning", "config", "get", "*"
    ).stdout.split("\n")
    pairs = dict(zip(settings[::2], settings[1::2], strict=False))

    assert "NOAUTH" in asked.stdout + asked.stderr
    assert (pairs["appendonly"], pairs["maxmemory-policy"]) == ("yes", "noeviction")


def test_only_this_machines_names_lead_to_it(client: httpx.Client) -> None:
    assert client.get("/v1/jobs").status_code == 200
    assert client.get("/v1/jobs", headers={"Host": "evil.example"}).status_code == 421


def test_workers_are_killed_and_added_and_every_film_ends(
    containers: Compose, client: httpx.Client, real_films: list[Path], say: Callable[[str], None]
) -> None:
    lines = []
    for workers in (1, 2, 3):
        containers.scale(workers)
        job, seconds = send(client, fresh(real_films, TIMED_FILMS))
        lines.append(f"{workers} workers: {TIMED_FILMS / seconds:.1f} films/s, {job['counts']}")
        assert lost(job) == 0

    began = time.monotonic()
    job = submit(client, *fresh(real_films, FILMS))
    killed = 0
    for left in (0.75, 0.5, 0.25):
        containers.wait_for(partial(has_at_most, client, job, left * FILMS))
        containers.kill(containers.containers("worker")[0])
        killed += 1
        containers.compose("up", "--detach", "--no-recreate", "--scale", "worker=3")
    job = wait_until_finished(client, job, timeout_s=900)
    lines.append(
        f"3 workers, {killed} of them killed and replaced: "
        f"{FILMS / (time.monotonic() - began):.1f} films/s, {job['counts']}, "
        f"{sum(item['attempts'] > 1 for item in job['items'])} read again; lost {lost(job)}"
    )
    say("\n".join(lines))

    assert lost(job) == 0
    assert {item["state"] for item in job["items"]} <= {"succeeded", "rejected"}


def send(client: httpx.Client, films: list[tuple[str, bytes]]) -> tuple[dict[str, Any], float]:
    """Send films as one job; the job at its end, and how long that took."""
    began = time.monotonic()
    job = wait_until_finished(client, submit(client, *films), timeout_s=900)
    return job, time.monotonic() - began


def has_at_most(client: httpx.Client, job: dict[str, Any], films: float) -> bool:
    """Return whether no item of a job is open."""
    counts = client.get(job["links"]["self"]).json()["counts"]
    return bool(counts["queued"] + counts["running"] <= films)


def lost(job: dict[str, Any]) -> int:
    """Films of a finished job that have neither a result nor a reason."""
    return sum(item["result"] is None and item["error"] is None for item in job["items"])
