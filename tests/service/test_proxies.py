"""The gateway behind nginx, with the configuration that docs/operations.md gives."""

import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from jobs.audit.log import read_events
from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.states import Scope
from tests.conftest import ROOT, lacks
from tests.service.conftest import PROJECTED_FILM, free_port
from tests.waiting import wait_until

NAME = "films.hospital.example"

#: Address of the client, so that it differs from the proxy's.
CLIENT = "127.0.0.9"

#: Address from which the proxy connects.
PROXY = "127.0.0.5"


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway behind a proxy."""

    client: httpx.Client
    database: Database
    port: int
    key: str


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run a server until the end of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def documented_server(folder: Path, *, port: int, gateway_port: int) -> str:
    """Return the documentation's nginx example with this test's ports and certificate."""
    text = (ROOT / "docs" / "operations.md").read_text()
    found = re.search(r"```nginx\n(.+?)```", text, re.DOTALL)
    assert found is not None
    example = found[1]
    for documented, own in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/films", f"{folder}/films"),
        (
            "proxy_pass http://127.0.0.1:8000",
            f"proxy_bind {PROXY}; proxy_pass http://127.0.0.1:{gateway_port}",
        ),
    ):
        assert documented in example
        example = example.replace(documented, own)
    return example


def start_nginx(folder: Path, *, port: int, gateway_port: int) -> list[str]:
    """Write a certificate and a configuration; return the command that serves them."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        lacks("nginx", "there is no nginx")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    named = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(folder / "films.key"), "-out", str(folder / "films.pem")]
    subprocess.run([*make.split(), *named, *files], check=True, capture_output=True)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"{'user root;' if os.getuid() == 0 else ''}\n"
        "events {}\nhttp { access_log off;\n"
        + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
        + documented_server(folder, port=port, gateway_port=gateway_port)
        + "}\n"
    )
    return [nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)]


#: Kinds of nginx's temporary folders.
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(tmp_path: Path, sqlite_url: str) -> Iterator[OpenSite]:
    """Start a gateway behind nginx."""
    with ExitStack() as stack:

        def start(*, trusted: str) -> Site:
            port, gateway_port = free_port(), free_port()
            database = Database(sqlite_url)
            stack.callback(database.close)
            key = create_key(database, "reader", scopes=list(Scope)).text
            gateway = {
                **{k: v for k, v in os.environ.items() if not k.startswith("PNEUMOCAM_")},
                "PNEUMOCAM_DATA_DIR": str(tmp_path),
                "PNEUMOCAM_DATABASE_URL": sqlite_url,
                "PNEUMOCAM_PORT": str(gateway_port),
                "PNEUMOCAM_REDIS_URL": "redis://127.0.0.1:1/0",
                "PNEUMOCAM_TRUSTED_PROXIES": trusted,
                "PNEUMOCAM_ALLOWED_HOSTS": NAME,
            }
            api = [sys.executable, "-m", "cli.main", "api"]
            stack.enter_context(running(api, gateway, tmp_path / "api.log"))
            nginx = start_nginx(tmp_path, port=port, gateway_port=gateway_port)
            stack.enter_context(running(nginx, dict(os.environ), tmp_path / "nginx.log"))
            context = ssl.create_default_context(cafile=str(tmp_path / "films.pem"))
            client = httpx.Client(
                base_url=f"https://127.0.0.1:{port}",
                headers={"Host": f"{NAME}:{port}"},
                transport=httpx.HTTPTransport(verify=context, local_address=CLIENT),
                timeout=30,
            )
            stack.enter_context(client)

            def is_up() -> bool:
                try:
                    return client.get("/livez", extensions=SNI).status_code == 200
                except httpx.TransportError:
                    return False

            wait_until(is_up)
            return Site(client, database, port, key)

        yield start


SNI = {"sni_hostname": NAME}


def sign_in(site: Site) -> httpx.Response:
    """Sign in as the dashboard does in a browser."""
    origin = {"Origin": f"https://{NAME}:{site.port}", "Sec-Fetch-Site": "same-origin"}
    answer = site.client.post("/v1/session", json={"key": site.key}, headers=origin, extensions=SNI)
    assert answer.status_code == 200, answer.text
    return answer


def addresses(site: Site) -> set[str | None]:
    """Addresses in the audit events of requests; a command, which made the key, has none."""
    return {event.address for event in read_events(site.database) if event.via != "command"}


def test_a_trusted_proxy_names_scheme_and_client(open_site: OpenSite) -> None:
    site = open_site(trusted=f"{PROXY}/32,10.0.0.0/8")

    signed_in = sign_in(site)

    assert "Secure" in signed_in.headers["Set-Cookie"]
    assert signed_in.headers["Strict-Transport-Security"].startswith("max-age=")
    redirected = site.client.get("/v1/jobs/", extensions=SNI)
    if redirected.is_redirect:
        assert redirected.headers["Location"].startswith(f"https://{NAME}:{site.port}/")
    assert addresses(site) == {CLIENT}


def test_another_proxy_is_not_believed(open_site: OpenSite) -> None:
    site = open_site(trusted="10.0.0.0/8")

    signed_in = sign_in(site)

    assert "Secure" not in signed_in.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in signed_in.headers
    assert addresses(site) == {PROXY}


def test_large_uploads_pass_and_events_are_not_held_back(open_site: OpenSite) -> None:
    site = open_site(trusted=f"{PROXY}/32")
    authorized = {"Authorization": f"Bearer {site.key}"}
    film = PROJECTED_FILM.read_bytes()
    padded = b"\0" * (3 * 2**20)

    accepted = site.client.post(
        "/v1/jobs",
        files=[("files", ("film.png", film)), ("files", ("large.png", film + padded))],
        headers=authorized,
        extensions=SNI,
    )

    assert accepted.status_code == 202, accepted.text
    events = f"/v1/jobs/{accepted.json()['id']}/events"
    with site.client.stream("GET", events, headers=authorized, extensions=SNI) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_lines())  # nothing more comes: no worker runs
