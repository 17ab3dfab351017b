"""A whole job, from its submission to its erasure, with a bucket of a real S3 server as store."""

from pathlib import Path

import httpx
import obstore

from tests.servers.seaweedfs import SeaweedServer
from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    start_service,
    submit,
    wait_until_finished,
)


def keys_in(server: SeaweedServer) -> set[str]:
    """Return the keys in the bucket."""
    pages = obstore.list(server.store("clinic"), "films")
    return {entry["path"] for page in pages for entry in page}


def test_a_job_goes_through_a_bucket_and_leaves_nothing_there(
    bucket_server: SeaweedServer, tmp_path: Path
) -> None:
    settings = {"PNEUMOCAM_STORE_URL": "s3://clinic/films", **bucket_server.environment}
    service = start_service(tmp_path, **settings)
    try:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            films = [(path.name, path.read_bytes()) for path in (PROJECTED_FILM, PROJECTED_OPACITY)]
            job = wait_until_finished(client, submit(client, *films))
            links = {name: link for name, link in job["items"][0]["links"].items() if link}
            pictures = {name: client.get(link) for name, link in links.items()}
            stored = keys_in(bucket_server)
            ready = client.get("/readyz").json()
            erased = client.delete(job["links"]["self"])
        logs = service.logs()
    finally:
        service.stop()

    assert ready["dependencies"]["store"] == "ok"
    assert job["counts"]["succeeded"] == 2
    assert pictures["upload"].content == films[0][1]
    assert {answer.status_code for answer in pictures.values()} == {200}
    assert pictures["radiograph"].content.startswith(b"\xff\xd8")
    # An upload and three pictures for each film, and nothing in the folder that others would use.
    assert len([key for key in stored if f"/{job['id']}/" in key]) == 8
    assert not (tmp_path / "artifacts").exists()
    assert erased.status_code == 204
    assert not [key for key in keys_in(bucket_server) if job["id"] in key]
    assert "s3cret" not in logs
