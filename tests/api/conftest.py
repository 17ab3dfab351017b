"""The gateway on real servers, called in process."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from api.app import create_app
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.record.database import Database
from tests.servers.redis import RedisServer


def film(marker: str = "") -> bytes:
    """A small PNG that is a film as far as its header tells, with a text inside."""
    pixels = np.random.default_rng(len(marker)).integers(0, 255, (64, 64), dtype=np.uint8)
    text = PngInfo()
    text.add_text("Comment", marker)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def small_settings(folder: Path, *, database_url: str, redis_server: RedisServer) -> ApiSettings:
    """Small limits, and everything inside a folder."""
    return ApiSettings(
        data_dir=folder,
        database_url=database_url,
        redis_url=redis_server.url,
        allowed_hosts=("testserver", "localhost", "127.0.0.1"),
        max_files=5,
        max_upload_bytes=100_000,
        max_request_bytes=300_000,
        batch_size=2,
    )


@pytest.fixture
def settings(database_url: str, redis_server: RedisServer, tmp_path: Path) -> ApiSettings:
    """Small limits, and everything inside the test's own folder."""
    redis_server.flush()
    return small_settings(tmp_path, database_url=database_url, redis_server=redis_server)


@pytest.fixture
def client(settings: ApiSettings) -> Iterator[TestClient]:
    """A client of a started gateway."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def database(settings: ApiSettings) -> Iterator[Database]:
    """The gateway's database, from outside."""
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def store(settings: ApiSettings) -> ArtifactStore:
    """The gateway's artifact store, from outside."""
    return ArtifactStore.open(settings.store_url)
