"""Reports of an item over HTTP."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from jobs.artifacts.store import ArtifactStore, report_key
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.states import ReportKind
from tests.api.conftest import film
from tests.api.routes.test_jobs import finish


@pytest.fixture
def job(client: TestClient, database: Database, store: ArtifactStore) -> str:
    """Path of a job whose first item has reports."""
    answer = client.post("/v1/jobs", files=[("files", ("a.png", film("a")))])
    finish(database, store)
    kinds = [ReportKind.SR, ReportKind.FHIR, ReportKind.SC_JPEG]
    with database.write() as session:
        session.execute(update(ItemRow).values(report_kinds=kinds))
        row = session.query(ItemRow).one()
        for kind in kinds:
            key = report_key(row.job_id, row.index, row.picture_token or "", kind)
            store.put(key, kind.value.encode())
    path: str = answer.json()["links"]["self"]
    return path


@pytest.mark.parametrize(
    ("accept", "media_type", "content"),
    [
        ("application/dicom", "application/dicom", b"sr"),
        ("*/*", "application/dicom", b"sr"),
        ("application/fhir+json", "application/fhir+json", b"fhir"),
    ],
)
def test_a_report_is_answered_in_the_form_that_is_asked_for(
    client: TestClient, job: str, accept: str, media_type: str, content: bytes
) -> None:
    answer = client.get(f"{job}/items/0/report", headers={"Accept": accept})

    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Accept" in answer.headers["vary"]
    assert answer.headers["content-disposition"].startswith("attachment")


def test_the_overlay_is_beside_it(client: TestClient, job: str) -> None:
    links = client.get(job).json()["items"][0]["links"]

    assert links["report"] == f"{job}/items/0/report"
    assert links["secondary_capture"] == f"{job}/items/0/secondary-capture"
    answer = client.get(links["secondary_capture"])
    assert (answer.content, answer.headers["content-type"]) == (b"sc-jpeg", "application/dicom")


def test_an_item_without_reports_has_no_links_to_them(
    client: TestClient, database: Database, job: str
) -> None:
    with database.write() as session:
        session.execute(update(ItemRow).values(report_kinds=[]))

    links = client.get(job).json()["items"][0]["links"]

    assert links["report"] is links["secondary_capture"] is None
    for name in ("report", "secondary-capture"):
        assert client.get(f"{job}/items/0/{name}").status_code == 404


def test_reports_are_erased_with_their_job(
    client: TestClient, store: ArtifactStore, job: str
) -> None:
    assert client.delete(job).status_code == 204

    assert client.get(f"{job}/items/0/report").status_code == 410
    assert store.jobs_after("", limit=10) == []
