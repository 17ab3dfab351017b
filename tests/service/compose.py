"""The service in containers, as docker-compose.yml describes it."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.conftest import ROOT, lacks
from tests.service.conftest import free_port

#: Makes an engine where there is none, beside some checkouts.
_ENGINE_MAKER = ROOT.parent / "shared" / "tools" / "docker-local"


def require_engine() -> None:
    """Skip, or fail, unless containers can be run here."""
    if _runs("docker", "info"):
        return
    if os.access(_ENGINE_MAKER, os.X_OK) and os.geteuid() == 0:
        # What it starts outlives the tests, and must hold none of their files open.
        subprocess.run([_ENGINE_MAKER, "up"], check=True, stdout=subprocess.DEVNULL, close_fds=True)
        return
    lacks("docker", "no container engine answers here")


def _runs(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Compose:
    """One project of containers, built, started, and removed with all its volumes."""

    def __init__(self, folder: Path) -> None:
        self._project = f"pneumocam-test-{os.getpid()}"
        compose = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        self._command = [*compose, "--project-name", self._project]
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.secrets = folder / "secrets"
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PNEUMOCAM_", "AWS_"))},
            "PNEUMOCAM_PORT": str(port),
            "PNEUMOCAM_SECRETS": str(self.secrets),
            # Several workers share the machine's cores.
            "PNEUMOCAM_THREADS": "1",
            # The builder that every engine has.
            "DOCKER_BUILDKIT": "0",
        }

    def __enter__(self) -> Self:
        self._run([str(ROOT / "scripts" / "secrets")])
        self.compose("build", "--quiet")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            print(self.compose("logs", "--tail", "60"))
        self._keep_layers()
        self.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "10")

    def _keep_layers(self) -> None:
        """Tag the images, so that their layers outlive the project and the next build is quick."""
        for service in ("api", "worker"):
            kept = f"pneumocam-test_{service}:kept"
            before = self._run(["docker", "images", "--quiet", "--no-trunc", kept]).strip()
            for image in set(self.inspect(service, "{{.Image}}")) - {before}:
                self._run(["docker", "tag", image, kept])
                if before:
                    # Refused while others are built on it, as it should be.
                    subprocess.run(["docker", "rmi", before], capture_output=True, check=False)

    def scale(self, workers: int) -> None:
        """Let so many workers run, and wait until each of them beats."""
        self.compose("up", "--detach", "--no-recreate", "--scale", f"worker={workers}")
        self.wait_for(lambda: self.live_workers() == workers)
        self.wait_for(self.is_ready)

    def live_workers(self) -> int:
        """Return the number of live workers, from the gateway's metrics."""
        try:
            lines = httpx.get(f"{self.url}/metrics", timeout=10).text.splitlines()
        except httpx.HTTPError:
            return 0
        figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return int(float(figures.get("pneumocam_workers", "0")))

    def is_ready(self) -> bool:
        """Return whether `/readyz` answers 200."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    def containers(self, service: str) -> list[str]:
        """Ids of a service's running containers."""
        label = f"label=com.docker.compose.project={self._project}"
        of_service = f"label=com.docker.compose.service={service}"
        listed = ["docker", "ps", "--quiet", "--filter", label, "--filter", of_service]
        return self._run(listed).split()

    def inspect(self, service: str, what: str) -> list[str]:
        """One line for each container of a service, by a template of the engine's."""
        ids = self.containers(service)
        return self._run(["docker", "inspect", "--format", what, *ids]).splitlines() if ids else []

    def health(self, service: str) -> list[str]:
        """Return the state of each container's health check."""
        return self.inspect(service, "{{.State.Health.Status}}")

    def kill(self, container: str) -> None:
        """SIGKILL, as a machine that is lost."""
        self._run(["docker", "kill", container])

    def execute(self, container: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside; what it said and its exit status."""
        return subprocess.run(
            ["docker", "exec", container, *command], capture_output=True, text=True, check=False
        )

    def compose(self, *words: str) -> str:
        """Run docker-compose; its output."""
        return self._run([*self._command, *words])

    def wait_for(self, condition: Callable[[], bool], *, timeout_s: float = 240) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: It did not.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(self.compose("ps") + self.compose("logs", "--tail", "40"))
            time.sleep(0.5)

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout
