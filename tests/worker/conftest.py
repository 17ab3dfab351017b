"""Films that can be told apart, and what it takes to analyse them in this process."""

import io
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from hashlib import sha256

import pytest
from PIL import Image, ImageOps

from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.record.database import Database
from jobs.states import Photometric, Priority
from model.classifier import Classifier, load_classifier
from tests.conftest import ROOT
from worker.settings import WorkerSettings

Submit = Callable[..., str]


@cache
def _chest() -> Image.Image:
    with Image.open(ROOT / "tests" / "films" / "projected-chest.png") as image:
        return image.convert("L").resize((256, 256))


def film(width: int = 256, *, turned: bool = False, inverted: bool = False) -> bytes:
    """A chest film whose width is its name: a result says how wide its film was."""
    picture = _chest().resize((width, 256))
    if inverted:
        picture = ImageOps.invert(picture)
    buffer = io.BytesIO()
    (picture.rotate(90) if turned else picture).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The network that ships."""
    return load_classifier(threads=1)


@pytest.fixture
def settings() -> WorkerSettings:
    """The defaults; nothing in them leads anywhere."""
    return WorkerSettings()


@pytest.fixture
def submit(database: Database, store: ArtifactStore) -> Submit:
    """Store files and accept them as a job; its id."""

    def submit_files(
        *files: bytes,
        owner: str | None = None,
        photometric: Photometric = Photometric.AS_STORED,
    ) -> str:
        return submit_to(database, store, files, owner=owner, photometric=photometric)

    return submit_files


def submit_to(
    database: Database,
    store: ArtifactStore,
    files: Sequence[bytes],
    *,
    owner: str | None = None,
    photometric: Photometric = Photometric.AS_STORED,
) -> str:
    """Store and record files as the gateway does; return the job's id."""
    job_id = new_job_id()
    for index, content in enumerate(files):
        store.put(upload_key(job_id, index), content)
    uploads = [Upload("film", sha256(content).hexdigest(), len(content)) for content in files]
    submission = Submission(
        uploads, Priority.ROUTINE, None, None, owner=owner, photometric=photometric
    )
    return accept(database, job_id, submission, retention=timedelta(days=1))
