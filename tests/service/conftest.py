"""The whole service as a user starts it, on real films."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import ROOT, lacks
from tests.service.dashboard import launch_chromium, visitor

#: Films that may be published, for tests on machines without the real ones.
PROJECTED_FILM = ROOT / "tests" / "films" / "projected-chest.png"
PROJECTED_OPACITY = ROOT / "tests" / "films" / "projected-opacity.png"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Service:
    """A running `pneumocam serve`, and its address."""

    process: subprocess.Popen[str]
    url: str
    data_dir: Path

    def tree(self) -> list[psutil.Process]:
        """The supervisor's descendants."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def find(self, *words: str) -> psutil.Process:
        """The descendant whose command line holds these words."""
        for process in self.tree():
            line = " ".join(process.cmdline())
            if all(word in line for word in words):
                return process
        raise LookupError(words)

    def workers(self) -> list[psutil.Process]:
        """The worker and the processes of its pool."""
        return [one for one in self.tree() if "worker.app" in " ".join(one.cmdline())]

    def logs(self) -> str:
        """Everything its processes have logged."""
        return "".join(log.read_text() for log in (self.data_dir / "logs").glob("*.log"))

    def stop(self) -> float:
        """SIGTERM; how many seconds the tree took to end."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - started


def start_service(data_dir: Path, **settings: str) -> Service:
    """Start the service in a folder and wait until it says that it is up."""
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PNEUMOCAM_")},
        "PNEUMOCAM_DATA_DIR": str(data_dir),
        "PNEUMOCAM_PORT": str(port),
        "PNEUMOCAM_LEASE_S": "3",
        "PNEUMOCAM_SWEEP_S": "0.5",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    service = Service(process, f"http://127.0.0.1:{port}", data_dir)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            return service
    process.wait()
    raise AssertionError("".join(said) + service.logs())


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the default settings, for all modules that leave it running and open."""
    service = start_service(tmp_path_factory.mktemp("service"))
    yield service
    service.stop()


@pytest.fixture(scope="module")
def service(shared_service: Service) -> Service:
    """The shared service without a job. A module that needs other settings starts its own."""
    erase_every_job(shared_service.url)
    return shared_service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a module."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        if browser is None:
            lacks("chromium", "no Chromium is installed")
        yield browser
        browser.close()


@pytest.fixture
def blank_page(browser: Browser, service: Service) -> Iterator[Page]:
    """A page that has not opened the dashboard yet."""
    with visitor(browser, service.url) as page:
        yield page


@pytest.fixture
def page(blank_page: Page) -> Page:
    """A page of the dashboard, at the worklist."""
    blank_page.goto("/")
    return blank_page


Submit = Callable[..., dict[str, Any]]


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """An HTTP client of the service."""
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client


def submit(client: httpx.Client, *files: tuple[str, bytes], **form: str) -> dict[str, Any]:
    """Send films; the accepted job."""
    answer = client.post("/v1/jobs", files=[("files", file) for file in files], data=form)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def erase_every_job(url: str) -> None:
    """Erase all jobs of a service that asks for no key."""
    with httpx.Client(base_url=url, timeout=60) as client:
        while rows := client.get("/v1/jobs", params={"limit": 500}).json()["rows"]:
            for link in {row["links"]["self"] for row in rows}:
                client.delete(link).raise_for_status()


def wait_until_finished(
    client: httpx.Client, job: dict[str, Any], *, timeout_s: float = 120
) -> dict[str, Any]:
    """Poll as the README says, until the job is final."""
    deadline = time.monotonic() + timeout_s
    while job["state"] not in {"finished", "cancelled"}:
        assert time.monotonic() < deadline, job
        job = client.get(job["links"]["self"], params={"wait": 20}).json()
    return job
