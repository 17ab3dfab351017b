"""The artifact store keeps what it took, in a folder and in a bucket of a real S3 server."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.artifacts.store import ArtifactStore, picture_key, upload_key
from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.queue.intake import new_job_id
from jobs.states import Artifact
from tests.servers.seaweedfs import SeaweedServer


def use(server: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is opened from now on find the server."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["folder", "bucket", "bucket with a prefix"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ArtifactStore:
    """An empty store of each kind."""
    if request.param == "folder":
        return ArtifactStore.open(str(tmp_path / "artifacts"))
    use(request.getfixturevalue("bucket_server"), monkeypatch)
    prefix = "/clinic/films" if "prefix" in request.param else ""
    return ArtifactStore.open(f"s3://bucket-{uuid4().hex}{prefix}")


def test_what_was_put_is_got_back_byte_by_byte(store: ArtifactStore) -> None:
    key = upload_key(new_job_id(), 0)
    store.put(key, b"film\0" * 1000)

    assert store.get(key) == b"film\0" * 1000


def test_a_large_file_is_sent_in_parts_and_comes_back_whole(store: ArtifactStore) -> None:
    """Beyond 5 MiB a bucket gets several requests for one artifact."""
    content = bytes(range(256)) * 4096 * 24
    key = upload_key(new_job_id(), 0)
    store.put(key, io.BytesIO(content))

    assert store.get(key) == content


def test_putting_again_replaces(store: ArtifactStore) -> None:
    key = upload_key(new_job_id(), 0)
    store.put(key, b"first")
    store.put(key, b"second")

    assert store.get(key) == b"second"


def test_what_was_never_put_is_not_found(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactNotFound):
        store.get(upload_key(new_job_id(), 0))


def test_deleting_removes_what_is_there_and_minds_nothing_else(store: ArtifactStore) -> None:
    job = new_job_id()
    gone, kept = upload_key(job, 0), upload_key(job, 1)
    store.put(gone, b"film")
    store.put(kept, b"film")

    store.delete([gone, upload_key(job, 2)])
    store.delete([])

    assert store.get(kept) == b"film"
    with pytest.raises(ArtifactNotFound):
        store.get(gone)


def test_deleting_a_job_removes_all_of_it_and_nothing_of_others(
    store: ArtifactStore, request: pytest.FixtureRequest
) -> None:
    """More artifacts than one page of a bucket's list, or one request to delete, can hold."""
    count = 3 if request.node.callspec.params["store"] == "folder" else 1100
    job, other = new_job_id(), new_job_id()
    for index in range(count):
        store.put(picture_key(job, index, "f" * 32, Artifact.HEATMAP), b"picture")
    store.put(upload_key(other, 0), b"film")

    assert store.delete_job(job) == count
    assert store.delete_job(job) == 0

    assert [stored.job_id for stored in store.jobs_after("", limit=9)] == [other]
    assert store.get(upload_key(other, 0)) == b"film"


def test_jobs_are_listed_in_order_each_with_all_of_its_keys(store: ArtifactStore) -> None:
    jobs = sorted(new_job_id() for _ in range(5))
    keys = [[upload_key(job, index) for index in range(3)] for job in jobs]
    for key in chain.from_iterable(keys):
        store.put(key, b"film")
    store.check()
    store.put("somebody/elses", b"bytes")

    first = store.jobs_after("", limit=2)
    rest = store.jobs_after(first[-1].job_id, limit=9)

    assert [stored.job_id for stored in first + rest] == jobs
    assert [sorted(stored.keys) for stored in first + rest] == keys
    age_s = time.time() - first[0].changed_at.timestamp()
    assert -2 < age_s < 60
    assert store.jobs_after(jobs[-1], limit=2) == []


def test_a_store_belongs_to_the_first_installation(store: ArtifactStore) -> None:
    assert store.claim_for("one")
    assert store.claim_for("one")
    assert not store.claim_for("other")


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "SeaweedServer":
    """An S3 that a test may break."""
    server = SeaweedServer(tmp_path)
    use(server, monkeypatch)
    return server


def test_a_bucket_that_is_away_is_reported_within_seconds_and_found_again(
    own_server: SeaweedServer,
) -> None:
    """Refused connections, then a server that takes them and says nothing."""
    own_server.start()
    try:
        store = ArtifactStore.open("s3://films")
        key = upload_key(new_job_id(), 0)
        store.put(key, b"film")
        for end, begin in (
            (own_server.kill, own_server.start),
            (own_server.freeze, own_server.thaw),
        ):
            end()
            began = time.monotonic()
            with ThreadPoolExecutor(2) as asking:
                checked, got = asking.submit(store.check), asking.submit(store.get, key)
                assert isinstance(checked.exception(20), StoreUnavailable)
                assert isinstance(got.exception(20), StoreUnavailable)
            assert time.monotonic() - began < 20
            begin()
            assert store.get(key) == b"film"
            store.check()
    finally:
        own_server.kill()


def test_wrong_credentials_are_reported_without_their_text(
    bucket_server: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(bucket_server, monkeypatch)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wr0ng")

    with pytest.raises(StoreUnavailable) as refused:
        ArtifactStore.open("s3://films").check()

    assert "wr0ng" not in str(refused.value)
