"""The identity of DICOM films over HTTP: shown to readers, searched, erased, switched off."""

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import create_app
from api.settings import ApiSettings
from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.record.tables import IdentityRow, ItemRow
from jobs.states import Scope
from tests.model.synthetic import dicom

PIXELS = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)

TAGS = {
    "SpecificCharacterSet": "ISO_IR 100",
    "PatientName": "Núñez^María",
    "PatientID": "ward-4711",
    "AccessionNumber": "A2026001",
    "StudyInstanceUID": "1.2.3.4",
    "SeriesInstanceUID": "1.2.3.5",
}


def submit(client: TestClient, **headers: str) -> dict[str, Any]:
    files = [("files", ("film.dcm", dicom(PIXELS, **TAGS)))]
    answer = client.post("/v1/jobs", files=files, headers=headers)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def kept(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(IdentityRow)) or 0


def test_a_reader_sees_whose_film_it_is(client: TestClient) -> None:
    job = submit(client)
    shown = client.get(job["links"]["self"]).json()["items"][0]["identity"]

    assert shown["patient_name"] == "Núñez^María"
    assert (shown["patient_id"], shown["accession_number"]) == ("ward-4711", "A2026001")
    assert (shown["study_uid"], shown["series_uid"]) == ("1.2.3.4", "1.2.3.5")
    assert shown["birth_date"] is None
    assert job["items"][0]["identity"] == shown
    assert client.get("/v1/jobs").json()["rows"][0]["item"]["identity"] == shown


def test_a_key_that_only_submits_is_not_shown_it(client: TestClient, database: Database) -> None:
    key = create_key(database, "modality", scopes=[Scope.SUBMIT]).text
    bearer = {"Authorization": f"Bearer {key}"}

    job = submit(client, **bearer)
    cancelled = client.post(job["links"]["cancel"], headers=bearer).json()

    assert job["items"][0]["identity"] is None
    assert cancelled["items"][0]["identity"] is None
    assert kept(database) == 1


@pytest.mark.parametrize("text", ["nunez maria", "María Núñez", "WARD-4711", "a2026001"])
def test_a_film_is_found_by_its_patient_and_accession(client: TestClient, text: str) -> None:
    submit(client)

    rows = client.post("/v1/jobs/search", json={"text": text}).json()["rows"]

    assert [row["item"]["filename"] for row in rows] == ["film.dcm"]


def test_it_is_erased_with_its_job(client: TestClient, database: Database) -> None:
    job = submit(client)

    assert client.delete(job["links"]["self"]).status_code == 204
    assert kept(database) == 0


def test_none_is_kept_where_it_is_switched_off(settings: ApiSettings, database: Database) -> None:
    off = settings.model_copy(update={"identity": False})
    with TestClient(create_app(off)) as client:
        job = submit(client)
        found = client.post("/v1/jobs/search", json={"text": "ward-4711"}).json()["rows"]

    assert job["items"][0]["identity"] is None
    assert found == []
    assert kept(database) == 0
    with database.read() as session:
        assert session.scalars(select(ItemRow.search_text)).all() == ["film.dcm\n"]


def test_off_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PNEUMOCAM_IDENTITY", "off")

    assert ApiSettings().identity is False
