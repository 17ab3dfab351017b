"""STOW-RS, with bodies made by hand and by dicomweb-client."""

import io
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import uvicorn
from dicomweb_client.api import DICOMwebClient
from fastapi.testclient import TestClient
from httpx2 import Response
from pydicom import dcmread
from sqlalchemy import select

from api.app import create_app
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.states import Scope
from tests.model.synthetic import dicom
from tests.waiting import wait_until

PIXELS = np.random.default_rng(1).integers(0, 255, (64, 64), dtype=np.uint8)

TYPE = 'multipart/related; type="application/dicom"; boundary="limit"'
FAILED, REFERENCED, REASON, INSTANCE = "00081198", "00081199", "00081197", "00081155"

REPORT = "1.2.840.10008.5.1.4.1.1.88.33"


def film(uid: str = "1.2.3.1", **tags: object) -> bytes:
    tags = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.4", **tags}
    return dicom(PIXELS, SOPInstanceUID=uid, **tags)


def body(*objects: bytes, head: bytes = b"Content-Type: application/dicom\r\n") -> bytes:
    parts = b"".join(b"--limit\r\n" + head + b"\r\n" + one + b"\r\n" for one in objects)
    return parts + b"--limit--\r\n"


def stow(
    client: TestClient,
    content: bytes,
    *,
    path: str = "/dicom-web/studies",
    content_type: str = TYPE,
    **headers: str,
) -> Response:
    headers = {"Content-Type": content_type, **headers}
    return client.post(path, content=content, headers=headers)


def items(database: Database) -> list[ItemRow]:
    with database.read() as session:
        return list(session.scalars(select(ItemRow).order_by(ItemRow.job_id, ItemRow.index)))


def uids(answer: Response, sequence: str) -> list[str | None]:
    listed = answer.json().get(sequence, {}).get("Value", [])
    return [one[INSTANCE].get("Value", [None])[0] for one in listed]


def test_films_are_stored_as_one_job(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    contents = [film("1.2.3.1"), film("1.2.3.2")]

    answer = stow(client, body(*contents))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert uids(answer, REFERENCED) == ["1.2.3.1", "1.2.3.2"]
    assert FAILED not in answer.json()
    one, two = items(database)
    assert one.job_id == two.job_id == answer.headers["location"].rpartition("/")[2]
    assert store.get(upload_key(one.job_id, 0)) == contents[0]
    assert store.get(upload_key(one.job_id, 1)) == contents[1]
    shown = client.get(answer.headers["location"]).json()["items"][0]["identity"]
    assert (shown["study_uid"], shown["patient_name"]) == ("1.2.3", "Nobody^Known")


@pytest.mark.parametrize(
    ("content_type", "head"),
    [
        ("multipart/related; type=application/dicom; boundary=limit", b""),
        ('multipart/related; boundary="limit"; type="application/dicom"', b"Content-Length: 1\r\n"),
        ("multipart/related; boundary=limit", b"Content-Type: application/dicom\r\n"),
        (
            TYPE + "; transfer-syntax=1.2.840.10008.1.2.1",
            b"content-type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\n",
        ),
    ],
)
def test_the_forms_of_senders_are_read(client: TestClient, content_type: str, head: bytes) -> None:
    answer = stow(client, b"\r\n" + body(film(), head=head), content_type=content_type)

    assert answer.status_code == 200, answer.text


def test_a_body_may_be_one_object_or_arrive_in_chunks(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        content = body(film("1.2.3.8"))
        yield from (content[start : start + 1000] for start in range(0, len(content), 1000))

    single = stow(client, film(), content_type="application/dicom")
    chunked = client.post("/dicom-web/studies", content=chunks(), headers={"Content-Type": TYPE})

    assert (single.status_code, chunked.status_code) == (200, 200)


def test_what_is_no_film_is_accepted_and_discarded(client: TestClient, database: Database) -> None:
    """Orthanc's job fails where one object of a study is listed as failed."""
    answer = stow(
        client,
        body(
            film("1.2.3.1"),
            film("1.2.3.2", SOPClassUID=REPORT),
            film("1.2.3.3", SOPClassUID="1.2.840.10008.5.1.4.1.1.7", Manufacturer="PneumoCAM"),
        ),
    )

    assert answer.status_code == 200
    assert uids(answer, REFERENCED) == ["1.2.3.1", "1.2.3.2", "1.2.3.3"]
    assert [item.filename for item in items(database)] == ["1.2.3.1.dcm"]


def test_some_failures_are_answered_202_and_all_409(client: TestClient, database: Database) -> None:
    short = film("1.2.3.9", Rows=4096)

    some = stow(client, body(film(), short, b"no object"))
    all_of_them = stow(client, body(short))

    assert some.status_code == 202
    assert uids(some, REFERENCED) == ["1.2.3.1"]
    reasons = [one[REASON]["Value"] for one in some.json()[FAILED]["Value"]]
    assert reasons == [[0xC000], [0xC000]]
    assert all_of_them.status_code == 409
    assert all_of_them.json()[REFERENCED] == {"vr": "SQ", "Value": []}
    assert len(items(database)) == 1


def test_objects_of_another_study_fail(client: TestClient) -> None:
    content = body(film("1.2.3.1"), film("1.2.3.2", StudyInstanceUID="1.9"))

    answer = stow(client, content, path="/dicom-web/studies/1.2.3")

    assert answer.status_code == 202
    assert uids(answer, REFERENCED) == ["1.2.3.1"]
    assert uids(answer, FAILED) == ["1.2.3.2"]
    assert answer.json()[FAILED]["Value"][0][REASON] == {"vr": "US", "Value": [0xA900]}


@pytest.mark.parametrize(
    "content",
    [
        body(film()).replace(b"\r\n", b"\n"),
        b"This is MIME.\r\n" + body(film()),
        body(film())[:-20],
        body(),
        b"",
    ],
)
def test_a_malformed_body_is_answered_400(
    content: bytes, client: TestClient, database: Database
) -> None:
    answer = stow(client, content)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert items(database) == []


def test_a_boundary_in_single_quotes_is_answered_400(client: TestClient) -> None:
    wrong = "multipart/related; type=application/dicom; boundary='limit'"

    assert stow(client, body(film()), content_type=wrong).status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        'multipart/related; type="application/dicom+json"; boundary=limit',
        "multipart/form-data; boundary=limit",
    ],
)
def test_another_media_type_is_answered_415(content_type: str, client: TestClient) -> None:
    assert stow(client, body(film()), content_type=content_type).status_code == 415


def test_no_study_uid_in_the_address_is_answered_400(client: TestClient) -> None:
    assert stow(client, body(film()), path="/dicom-web/studies/abc").status_code == 400


def test_the_answer_may_be_xml(client: TestClient) -> None:
    content = body(film(), b"no object")

    answer = stow(client, content, Accept="application/dicom+xml")

    assert answer.headers["content-type"] == "application/dicom+xml"
    tags = {"n": "http://dicom.nema.org/PS3.19/models/NativeDICOM"}
    root = ET.fromstring(answer.content)
    found = root.find(
        f"n:DicomAttribute[@tag='{REFERENCED}']/n:Item/n:DicomAttribute/n:Value", tags
    )
    assert found is not None
    assert found.text == "1.2.840.10008.5.1.4.1.1.1"
    reason = root.find(".//n:DicomAttribute[@keyword='FailureReason']/n:Value", tags)
    assert reason is not None
    assert reason.text == str(0xC000)


def test_the_same_objects_again_make_no_second_job(client: TestClient, database: Database) -> None:
    first = stow(client, body(film()))
    rewritten = dcmread(io.BytesIO(film()))
    rewritten.file_meta.SourceApplicationEntityTitle = "PACS"
    buffer = io.BytesIO()
    rewritten.save_as(buffer)

    same = stow(client, body(film()))
    other_meta = stow(client, body(buffer.getvalue()))

    assert same.headers["location"] == first.headers["location"]
    assert uids(other_meta, REFERENCED) == ["1.2.3.1"]
    assert len(items(database)) == 1


def test_a_key_with_its_scope_is_needed(client: TestClient, database: Database) -> None:
    reader = create_key(database, "reader", scopes=[Scope.READ])
    sender = create_key(database, "sender", scopes=[Scope.SUBMIT])

    def answer_to(**headers: str) -> int:
        return stow(client, body(film()), **headers).status_code

    assert answer_to() == 401
    assert answer_to(Authorization=f"Bearer {reader.text}") == 403
    assert answer_to(Authorization=f"Bearer {sender.text}") == 200


def test_limits_are_answered_503_and_never_429(settings: ApiSettings, database: Database) -> None:
    """Archives try again later after a 503, and do not know 429."""
    key = create_key(database, "archive", max_open=1)
    slow = create_key(database, "slow", rate=1)
    with TestClient(create_app(settings)) as client:
        bearer = {"Authorization": f"Bearer {key.text}"}
        assert stow(client, body(film("1.2.3.1")), **bearer).status_code == 200
        full = stow(client, body(film("1.2.3.2")), **bearer)
        bearer = {"Authorization": f"Bearer {slow.text}"}
        answers = [stow(client, body(film(f"1.2.3.{n}")), **bearer) for n in range(3, 6)]

    refused = [full, *(one for one in answers if one.status_code != 200)]
    assert len(refused) > 1
    for answer in refused:
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1


def test_nothing_is_kept_of_a_request_that_is_too_large(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    large = dicom(np.zeros((400, 400), np.uint8), SOPInstanceUID="1.2.3.2")

    answer = stow(client, body(film(), large))

    assert answer.status_code == 413
    assert items(database) == []
    assert store.jobs_after("", limit=10) == []


@contextmanager
def served(settings: ApiSettings) -> Iterator[str]:
    """A gateway behind a socket."""
    config = uvicorn.Config(create_app(settings), log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_dicomweb_client_stores_a_film(settings: ApiSettings, database: Database) -> None:
    with served(settings) as address:
        client = DICOMwebClient(f"{address}/dicom-web")

        response = client.store_instances([dcmread(io.BytesIO(film()))], study_instance_uid="1.2.3")

    assert response.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.3.1"
    assert len(items(database)) == 1


def test_a_large_film_is_not_held_in_memory(settings: ApiSettings) -> None:
    large = dicom(np.zeros((4000, 4000), np.uint16), SOPInstanceUID="1.2.3.2", BitsStored=12)
    roomy = settings.model_copy(update={"max_upload_bytes": 2**26, "max_request_bytes": 2**26})
    content = body(large)

    def chunks() -> Iterator[bytes]:
        yield from (content[start : start + 65536] for start in range(0, len(content), 65536))

    with TestClient(create_app(roomy)) as client:
        stow(client, body(film()))
        with served(roomy) as address:
            import httpx

            tracemalloc.start()
            answer = httpx.post(
                f"{address}/dicom-web/studies",
                content=chunks(),
                headers={"Content-Type": TYPE},
                timeout=120,
            )
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()

    assert answer.status_code == 200, answer.text
    assert peak < 8 * 2**20
