"""Orthanc forwards a study with a film, a report and an overlay, by C-STORE and by STOW-RS."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from pydicom import dcmread
from sqlalchemy import select

from api.app import create_app
from api.settings import ApiSettings
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from listener.metrics import Outcome
from listener.service import Listener
from tests.conftest import lacks
from tests.formats.films import film, levels
from tests.listener.conftest import NO_REDIS, free_port
from tests.model.synthetic import dicom
from tests.servers.orthanc import Orthanc, is_installed
from tests.waiting import wait_until

STUDY = {"StudyInstanceUID": "1.2.3", "PatientID": "4711"}


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    if not is_installed():
        lacks("orthanc", "Orthanc is not installed (Debian packages orthanc, orthanc-dicomweb)")
    (tmp_path / "orthanc").mkdir()
    server = Orthanc(tmp_path / "orthanc", http_port=free_port(), dicom_port=free_port())
    yield server
    server.stop()


@pytest.fixture
def study(orthanc: Orthanc) -> list[str]:
    """Orthanc's ids of a film, a report and an overlay of one study."""
    pixels = levels(film(), 8)
    colour = np.zeros((64, 64, 3), np.uint8)
    contents = [
        dicom(pixels, SOPInstanceUID="1.2.3.1", SeriesInstanceUID="1.2.3.10", **STUDY),
        dicom(
            pixels,
            SOPClassUID="1.2.840.10008.5.1.4.1.1.88.34",
            SOPInstanceUID="1.2.3.2",
            SeriesInstanceUID="1.2.3.20",
            Manufacturer="PneumoCAM",
            **STUDY,
        ),
        dicom(
            colour,
            SOPClassUID="1.2.840.10008.5.1.4.1.1.7",
            SOPInstanceUID="1.2.3.3",
            SeriesInstanceUID="1.2.3.30",
            PhotometricInterpretation="RGB",
            SamplesPerPixel=3,
            PlanarConfiguration=0,
            **STUDY,
        ),
    ]
    ids = []
    for content in contents:
        dataset = dcmread(io.BytesIO(content))
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        buffer = io.BytesIO()
        dataset.save_as(buffer)
        answer = httpx.post(f"{orthanc.url}/instances", content=buffer.getvalue(), timeout=60)
        ids.append(str(answer.raise_for_status().json()["ID"]))
    return ids


def films_of(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(ItemRow.filename)))


def test_a_study_is_forwarded_by_c_store(
    orthanc: Orthanc, study: list[str], listener: Listener, database: Database
) -> None:
    peer = {"AET": "PNEUMOCAM", "Host": "127.0.0.1", "Port": listener.ports[0]}
    httpx.put(f"{orthanc.url}/modalities/pneumocam", json=peer, timeout=60).raise_for_status()

    sent = httpx.post(
        f"{orthanc.url}/modalities/pneumocam/store",
        json={"Resources": study, "Synchronous": True},
        timeout=120,
    )

    assert sent.status_code == 200, sent.text
    assert sent.json()["FailedInstancesCount"] == 0
    assert films_of(database) == ["1.2.3.1.dcm"]
    assert listener.metrics.count(Outcome.OWN_RESULT) == 1
    assert listener.metrics.count(Outcome.NO_FILM) == 1


@contextmanager
def gateway(folder: Path, database_url: str) -> Iterator[str]:
    """A gateway behind a socket."""
    settings = ApiSettings(data_dir=folder, database_url=database_url, redis_url=NO_REDIS)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("chunked", ["0", "1"])
def test_a_study_is_forwarded_by_stow_rs(
    chunked: str,
    orthanc: Orthanc,
    study: list[str],
    sqlite_url: str,
    database: Database,
    tmp_path: Path,
) -> None:
    with gateway(tmp_path, sqlite_url) as address:
        peer = {"Url": f"{address}/dicom-web/", "ChunkedTransfers": chunked}
        servers = f"{orthanc.url}/dicom-web/servers/pneumocam"
        httpx.put(servers, json=peer, timeout=60).raise_for_status()

        sent = httpx.post(
            f"{servers}/stow", json={"Resources": study, "Synchronous": True}, timeout=120
        )

    assert sent.status_code == 200, sent.text
    assert films_of(database) == ["1.2.3.1.dcm"]
