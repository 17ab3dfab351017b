"""Submitting, following, cancelling and erasing over HTTP."""

import hashlib
import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore, picture_key, upload_key
from jobs.queue.courier import WorkQueue
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.retention.erasure import erase
from jobs.states import Artifact, ItemState, Priority
from tests.api.conftest import film
from tests.api.raw import listening
from tests.results import make_result
from tests.servers.redis import RedisServer

RESULT: dict[str, Any] = {
    "probability": 0.83,
    "threshold": 0.41,
    "positive": True,
    "model": {"name": "pneumocam", "version": "1.0.0"},
    "regions": [
        {
            "x": 0.5,
            "y": 0.4,
            "width": 0.2,
            "height": 0.2,
            "side": "left",
            "zone": None,
            "extent": None,
            "peak": 0.9,
        }
    ],
    "reasons": [],
    "input": {"view": "PA", "width": 10, "height": 10, "photometric_interpretation": "MONOCHROME2"},
    "timings_ms": {"queued": 4, "decode": 6, "infer": 7, "render": 9},
}


def submit(client: TestClient, *contents: bytes, **form: str) -> dict[str, Any]:
    files = [("files", (f"film{i}.png", content)) for i, content in enumerate(contents)]
    answer = client.post("/v1/jobs", files=files, data=form)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def finish(database: Database, store: ArtifactStore) -> None:
    """Do a worker's part for everything that is queued."""
    outcome = Outcome(state=ItemState.SUCCEEDED, result=make_result())
    leases = claim(database, Priority, limit=99, lease_s=60)
    for lease in leases:
        key = picture_key(lease.job_id, lease.index, lease.token, Artifact.HEATMAP)
        store.put(key, b"picture")
    commit(database, [(lease, outcome) for lease in leases])


def test_a_submission_is_stored_recorded_and_hinted_before_the_answer(
    client: TestClient, store: ArtifactStore, settings: ApiSettings
) -> None:
    answer = client.post(
        "/v1/jobs",
        files=[("files", ("a.png", film("first"))), ("files", ("b.png", film("second")))],
        data={"priority": "stat", "reference": "round 7"},
    )

    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    assert int(answer.headers["Retry-After"]) >= 1
    assert (job["state"], job["priority"], job["reference"]) == ("queued", "stat", "round 7")
    assert job["counts"]["queued"] == job["counts"]["total"] == 2
    assert [item["filename"] for item in job["items"]] == ["a.png", "b.png"]
    assert job["items"][1]["sha256"] == hashlib.sha256(film("second")).hexdigest()
    assert store.get(upload_key(job["id"], 1)) == film("second")
    assert WorkQueue(settings.redis_url).waiting(Priority.STAT) == 1


def test_a_finished_job_is_on_the_wire_as_the_contract_says(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    job_id = submit(client, film())["id"]
    finish(database, store)

    job = client.get(f"/v1/jobs/{job_id}").json()

    assert job["state"] == "finished"
    assert job["finished_at"].endswith("Z")
    assert job["progress"] == 1
    assert job["queue_position"] is None
    [item] = job["items"]
    assert item["result"].items() >= {**RESULT, "input": item["result"]["input"]}.items()
    assert item["result"]["input"].items() >= RESULT["input"].items()
    assert item["error"] is None
    assert client.get(item["links"]["heatmap"]).content == b"picture"


def test_an_upload_is_never_served_as_anything_but_bytes(client: TestClient) -> None:
    """Whatever it is, and whatever its name says, a browser must not run it."""
    job = submit(client, film("<script>alert(1)</script>"))

    answer = client.get(job["items"][0]["links"]["upload"])

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_unchanged_job_is_not_sent_again(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    path = submit(client, film())["links"]["self"]
    etag = client.get(path).headers["ETag"]

    unchanged = client.get(path, headers={"If-None-Match": etag})
    finish(database, store)
    changed = client.get(path, headers={"If-None-Match": etag})

    assert unchanged.status_code == 304
    assert unchanged.content == b""
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_events_end_with_the_finished_job(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    links = submit(client, film())["links"]
    finish(database, store)

    with client.stream("GET", links["events"]) as answer:
        lines = list(answer.iter_lines())

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert "event: job" in lines
    last = [line for line in lines if line.startswith("data: ")][-1]
    assert json.loads(last.removeprefix("data: "))["state"] == "finished"


def test_the_same_under_the_same_key_is_one_job(client: TestClient, settings: ApiSettings) -> None:
    """As after an answer that never arrived."""

    def send(content: bytes) -> Response:
        return client.post(
            "/v1/jobs",
            files=[("files", ("a.png", content))],
            headers={"Idempotency-Key": "round-7"},
        )

    first, again, other = send(film()), send(film()), send(film("another"))

    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert other.status_code == 422
    assert other.json()["errors"][0]["code"] == "idempotency_key_reused"
    assert len(client.get("/v1/jobs").json()["rows"]) == 1
    assert len(list(Path(settings.store_url).rglob("*.upload"))) == 1


def test_many_at_once_under_one_key_are_one_job(client: TestClient) -> None:
    def send(_: int) -> str:
        answer = client.post(
            "/v1/jobs",
            files=[("files", ("a.png", film()))],
            headers={"Idempotency-Key": "round-7"},
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(10) as senders:
        ids = set(senders.map(send, range(50)))

    assert len(ids) == 1
    assert len(client.get("/v1/jobs").json()["rows"]) == 1


def test_cancel_can_be_repeated(client: TestClient) -> None:
    links = submit(client, film())["links"]

    answers = [client.post(links["cancel"]) for _ in range(2)]

    assert [answer.json()["state"] for answer in answers] == ["cancelled", "cancelled"]


def test_pictures_of_a_job_that_is_being_erased_are_gone_not_unknown(
    client: TestClient, database: Database, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes go before the record of them, and somebody may look in between."""
    job = submit(client, film("x"))
    finish(database, store)
    links = client.get(job["links"]["self"]).json()["items"][0]["links"]
    between: list[Response] = []

    def delete_job(job_id: str) -> int:
        removed = ArtifactStore.delete_job(store, job_id)
        between.extend(client.get(path) for path in links.values() if path is not None)
        return removed

    monkeypatch.setattr(store, "delete_job", delete_job)
    erase(database, store, job["id"])

    assert [answer.status_code for answer in between] == [410] * 4
    assert {answer.json()["type"] for answer in between} == {"urn:pneumocam:problem:erased"}


def test_an_erased_job_is_gone_with_every_byte(
    client: TestClient, database: Database, store: ArtifactStore, settings: ApiSettings
) -> None:
    job = submit(client, film("a marker that names the patient"), reference="marker")
    finish(database, store)

    assert client.delete(job["links"]["self"]).status_code == 204

    for path in (job["links"]["self"], job["items"][0]["links"]["upload"]):
        assert client.get(path).status_code == 410
    assert client.delete(job["links"]["self"]).status_code == 410
    assert not list(Path(settings.store_url).glob(f"{job['id']}*"))
    assert client.get("/v1/jobs").json()["rows"] == []


def test_the_worklist_has_a_row_for_each_item(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    submit(client, film("one"), film("two"), reference="ward 3")
    finish(database, store)
    submit(client, film("three"))

    page = client.get("/v1/jobs", params={"limit": 2, "sort": "-probability"}).json()
    rest = client.get(
        "/v1/jobs", params={"limit": 2, "sort": "-probability", "cursor": page["next_cursor"]}
    ).json()

    assert [row["item"]["state"] for row in page["rows"]] == ["succeeded", "succeeded"]
    assert page["rows"][0]["reference"] == "ward 3"
    assert [row["item"]["state"] for row in rest["rows"]] == ["queued"]
    assert rest["next_cursor"] is None


#: The flag of Scotland: a black flag and the tags g, b, s, c, t and "end".
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a.dcm", "a.dcm"),
        ("a\x00b\r\n.png", "ab.png"),
        ("x" * 5000, "x" * 255),
        ("\u202egnp.exe", "gnp.exe"),
        ("///", "unnamed"),
        ("\u200d\u200c ", "unnamed"),
        ("a%22b%0D%0A.png", 'a"b.png'),
        ("\U0001f469\u200d\u2695\ufe0f.png", "\U0001f469\u200d\u2695\ufe0f.png"),
        (f"{SCOTLAND}.png", f"{SCOTLAND}.png"),
        (SCOTLAND[1:] + "a.png", "a.png"),
        ("x" * 250 + SCOTLAND, "x" * 250 + SCOTLAND[0]),
    ],
)
def test_a_file_name_is_only_something_to_show(
    client: TestClient, settings: ApiSettings, name: str, shown: str
) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="'
        + name.replace("\\", "\\\\").encode()[:3900].replace(b"\r\n", b"%0D%0A")
        + b'"\r\n\r\n'
        + film()
        + b"\r\n--b--\r\n"
    )
    answer = client.post(
        "/v1/jobs", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert answer.status_code == 202, answer.text
    [item] = answer.json()["items"]
    assert item["filename"].replace("%0D%0A", "") == shown
    stored = [path for path in Path(settings.store_url).rglob("*") if path.is_file()]
    assert [path.name for path in stored] == ["0.upload"]


@pytest.mark.parametrize("artifact", ["upload", "heatmap"])
def test_head_answers_as_get_without_the_body(
    client: TestClient, database: Database, store: ArtifactStore, artifact: str
) -> None:
    job = submit(client, film())
    finish(database, store)
    path = f"{job['links']['self']}/items/0/{artifact}"

    answer, whole = client.head(path), client.get(path)

    assert answer.status_code == whole.status_code == 200
    assert answer.content == b""
    own = {"x-request-id"}
    told = [{k: v for k, v in one.headers.items() if k not in own} for one in (answer, whole)]
    assert told[0] == told[1]
    assert client.head(f"{job['links']['self']}/items/7/{artifact}").status_code == 404
    figure = 'route="/v1/jobs/{job_id}/items/{index}/{artifact}",status="200"'
    assert f'pneumocam_requests_total{{method="HEAD",{figure}}} 1.0' in client.get("/metrics").text


def test_head_of_a_stream_ends(settings: ApiSettings) -> None:
    with listening(settings) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        job = client.post("/v1/jobs", files=[("files", ("a.png", film()))]).json()
        for path in (job["links"]["events"], "/v1/jobs/events"):
            answer = client.head(path, timeout=10)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
        # The connection can be used again, and no place is held any longer.
        assert client.get("/livez").status_code == 200
        deadline = time.monotonic() + 10
        while "pneumocam_requests_held_open 0.0" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_redis_away_loses_nothing(client: TestClient, redis_server: RedisServer) -> None:
    """The record is the database; a hint that could not be sent is sent by the next sweep."""
    redis_server.kill()
    try:
        job = submit(client, film())
        assert client.get(job["links"]["self"]).json()["state"] == "queued"
    finally:
        redis_server.start()


def test_a_frozen_redis_holds_nobody_up(client: TestClient, redis_server: RedisServer) -> None:
    """Without a time-out the submission would never be answered."""
    redis_server.freeze()
    try:
        jobs = [submit(client, film()) for _ in range(3)]
        assert client.get("/readyz").json()["dependencies"]["redis"] == "TimeoutError"
    finally:
        redis_server.thaw()
    assert [client.get(job["links"]["self"]).json()["state"] for job in jobs] == ["queued"] * 3


def test_files_that_cannot_be_films_fail_alone_and_at_once(
    client: TestClient, settings: ApiSettings
) -> None:
    job = submit(client, b"this is no picture", film(), b"")

    states = [(item["state"], (item["error"] or {}).get("code")) for item in job["items"]]
    assert states == [("failed", "not_an_image"), ("queued", None), ("failed", "empty_file")]
    assert job["items"][0]["links"]["upload"] is None
    assert [path.name for path in Path(settings.store_url).rglob("*.upload")] == ["1.upload"]
    assert WorkQueue(settings.redis_url).waiting(Priority.ROUTINE) == 1


def archive(*entries: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for name, content in entries:
            written.writestr(name, content)
    return buffer.getvalue()


def test_the_films_of_an_archive_are_items_like_others(
    client: TestClient, store: ArtifactStore
) -> None:
    study = archive(
        ("study/a.png", film("a")), ("study/notes.txt", b"x"), ("b.zip", archive(("c", b"")))
    )

    job = submit(client, film("first"), study)

    items = [(item["filename"], (item["error"] or {}).get("code")) for item in job["items"]]
    assert items == [
        ("film0.png", None),
        ("a.png", None),
        ("notes.txt", "not_an_image"),
        ("b.zip", "nested_archive"),
    ]
    assert store.get(upload_key(job["id"], 1)) == film("a")


def test_what_is_damaged_or_encrypted_in_an_archive_fails_alone(
    client: TestClient, store: ArtifactStore
) -> None:
    study = bytearray(archive(("a.png", film("a")), ("b.png", film("b")), ("c.png", film("c"))))
    study[study.index(film("b")) + 100] ^= 0xFF
    study[study.rindex(b"PK\x01\x02") + 8] |= 1  # c.png says that it is encrypted

    job = submit(client, film("first"), bytes(study), archive(("d.png", film("d")))[:-10])

    items = [(item["filename"], (item["error"] or {}).get("code")) for item in job["items"]]
    assert items == [
        ("film0.png", None),
        ("a.png", None),
        ("b.png", "damaged_archive"),
        ("c.png", "encrypted_archive"),
        ("film2.png", "damaged_archive"),
    ]
    assert store.get(upload_key(job["id"], 1)) == film("a")
    assert [item["links"]["upload"] is None for item in job["items"]] == [False] * 2 + [True] * 3


def test_an_archive_that_is_damaged_and_alone_refuses_the_submission(client: TestClient) -> None:
    files = [("files", ("a.zip", archive(("a.png", film()))[:-10]))]

    answer = client.post("/v1/jobs", files=files)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "damaged_archive"


def test_an_unsafe_archive_refuses_the_submission(
    client: TestClient, settings: ApiSettings
) -> None:
    files = [("files", ("a.png", film())), ("files", ("b.zip", archive(("../x.png", film()))))]

    answer = client.post("/v1/jobs", files=files)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "unsafe_archive"
    assert answer.json()["errors"][0]["index"] == 1
    assert not [path for path in Path(settings.store_url).rglob("*") if path.is_file()]
