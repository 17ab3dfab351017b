"""One batch, from the claim to the commit, with the network that ships."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import update

from jobs.artifacts.store import PICTURES, ArtifactStore, picture_key, upload_key
from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.queue.leases import Lease, claim, commit, renew
from jobs.queue.retries import requeue_expired, requeue_lost
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.results import Result, ReusedFrom
from jobs.retention.erasure import erase
from jobs.states import Artifact, ItemState, Photometric, Priority
from jobs.views.queries import get_job
from model.analysis import analyse_film
from model.classifier import Classifier
from model.errors import DeviceUnavailable, UndecodableImage
from model.runtime.protocol import Outputs
from tests.waiting import wait_until
from tests.worker.conftest import Submit, film
from worker.batch import run_batch
from worker.settings import WorkerSettings

RunAll = Callable[..., int]


@pytest.fixture
def run_all(
    database: Database, store: ArtifactStore, classifier: Classifier, settings: WorkerSettings
) -> RunAll:
    """Run batches until nothing is queued; how many items they held."""

    def run(network: Classifier = classifier) -> int:
        total = 0
        while held := run_batch(
            database, store, network, Priority, settings=settings, holder="worker/batch"
        ):
            total += held
        return total

    return run


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every file that the network was asked about."""
    seen: list[bytes] = []

    def note(classifier: Classifier, content: bytes, **options: Any) -> Any:
        seen.append(content)
        return analyse_film(classifier, content, **options)

    monkeypatch.setattr("worker.batch.analyse_film", note)
    return seen


#: Of tests that ran on one database, for their runs on the others: what became of each film.
_analyses: dict[str, dict[bytes, Any]] = {}


@pytest.fixture
def analysed_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Ask the network on the first database only: what it says does not depend on the database."""
    known = _analyses.get(request.function.__name__, {})
    made: dict[bytes, Any] = {}

    def analyse(classifier: Classifier, content: bytes, **options: Any) -> Any:
        if content not in known:
            made[content] = analyse_film(classifier, content, **options)
        return deepcopy(known.get(content) or made[content])

    monkeypatch.setattr("worker.batch.analyse_film", analyse)
    yield
    _analyses[request.function.__name__] = made | known


def items(database: Database, job_id: str) -> Sequence[ItemRow]:
    return get_job(database, job_id).items


def result(database: Database, job_id: str) -> Result:
    [item] = items(database, job_id)
    assert item.result is not None
    return item.result


def picture(store: ArtifactStore, item: ItemRow, kind: Artifact) -> bytes:
    return store.get(picture_key(item.job_id, item.index, item.picture_token or "", kind))


def test_the_same_film_of_the_same_key_is_not_analysed_again(
    database: Database, store: ArtifactStore, submit: Submit, run_all: RunAll, analysed: list[bytes]
) -> None:
    first = submit(film(), owner="a")
    run_all()
    second = submit(film(300), film(), owner="a")
    run_all()

    assert analysed == [film(), film(300)]
    [earlier] = items(database, first)
    _, later = items(database, second)
    assert earlier.result is not None
    assert later.result is not None
    assert later.state is ItemState.SUCCEEDED
    assert later.result.reused_from == ReusedFrom(job_id=first, index=0)
    assert later.result.timings_ms.model_fields_set == {"queued"}
    for figure in ("probability", "threshold", "positive", "model", "regions", "input"):
        assert getattr(later.result, figure) == getattr(earlier.result, figure)
    assert (later.probability, later.positive) == (earlier.probability, earlier.positive)
    for kind in PICTURES:
        assert picture(store, later, kind) == picture(store, earlier, kind)


def test_erasing_the_earlier_job_leaves_the_later_one_whole_and_the_other_way_round(
    database: Database, store: ArtifactStore, submit: Submit, run_all: RunAll
) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(submit(film()))
        run_all()

    erase(database, store, jobs[0])
    erase(database, store, jobs[2])

    [kept] = items(database, jobs[1])
    for kind in PICTURES:
        assert picture(store, kept, kind)
    assert store.get(upload_key(jobs[1], 0)) == film()


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("a", None), (None, "a")])
def test_another_keys_result_is_never_used(
    database: Database,
    submit: Submit,
    run_all: RunAll,
    analysed: list[bytes],
    one: str | None,
    other: str | None,
) -> None:
    submit(film(), owner=one)
    run_all()
    later = submit(film(), owner=other)
    run_all()

    assert len(analysed) == 2
    assert result(database, later).reused_from is None


def test_an_inverted_film_is_read_as_asked_and_reused_for_that_reading_alone(
    database: Database, submit: Submit, run_all: RunAll, analysed: list[bytes]
) -> None:
    upright = submit(film())
    as_stored = submit(film(inverted=True))
    run_all()
    first = submit(film(inverted=True), photometric=Photometric.INVERTED)
    run_all()
    second = submit(film(inverted=True), photometric=Photometric.INVERTED)
    run_all()

    assert len(analysed) == 3
    refused, read = result(database, as_stored), result(database, first)
    assert [reason.code for reason in refused.reasons] == ["inverted"]
    assert read.probability == result(database, upright).probability
    assert "read_inverted" in {caution.code for caution in read.cautions}
    assert read.reused_from is None
    assert result(database, second).reused_from == ReusedFrom(job_id=first, index=0)


def test_another_version_of_the_network_looks_for_itself(
    database: Database,
    classifier: Classifier,
    submit: Submit,
    run_all: RunAll,
    analysed: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(film())
    run_all()
    monkeypatch.setattr(classifier, "manifest", replace(classifier.manifest, version="99.0.0"))
    later = submit(film())
    run_all()

    assert len(analysed) == 2
    assert result(database, later).model.version == "99.0.0"


def test_neither_an_erased_nor_a_failed_item_is_used_again(
    database: Database, store: ArtifactStore, submit: Submit, run_all: RunAll, analysed: list[bytes]
) -> None:
    erased = submit(film())
    submit(b"no film at all")
    run_all()
    erase(database, store, erased)

    later = submit(film(), b"no film at all")
    run_all()

    assert len(analysed) == 4
    fresh, failed = items(database, later)
    assert fresh.result is not None
    assert fresh.result.reused_from is None
    assert failed.state is ItemState.FAILED


def test_a_rejection_is_used_again_with_its_reasons(
    database: Database, store: ArtifactStore, submit: Submit, run_all: RunAll, analysed: list[bytes]
) -> None:
    first = submit(film(turned=True))
    run_all()
    second = submit(film(turned=True))
    run_all()

    assert len(analysed) == 1
    [earlier], [later] = items(database, first), items(database, second)
    assert earlier.state is later.state is ItemState.REJECTED
    assert later.result is not None
    assert earlier.result is not None
    assert later.result.reasons == earlier.result.reasons
    assert picture(store, later, Artifact.RADIOGRAPH)


def test_a_result_whose_pictures_are_gone_is_found_anew(
    database: Database, store: ArtifactStore, submit: Submit, run_all: RunAll, analysed: list[bytes]
) -> None:
    """As when the earlier job is erased at this very moment."""
    first = submit(film())
    run_all()
    [earlier] = items(database, first)
    store.delete([picture_key(first, 0, earlier.picture_token or "", Artifact.HEATMAP)])

    later = submit(film())
    run_all()

    assert len(analysed) == 2
    [item] = items(database, later)
    for kind in PICTURES:
        assert picture(store, item, kind)


@pytest.mark.usefixtures("analysed_once")
def test_seven_bad_files_among_a_hundred_fail_alone_each_with_its_reason(
    database: Database, submit: Submit, run_all: RunAll
) -> None:
    good = film()
    bad = {
        3: (b"", "empty_file"),
        10: (b"hello", "not_an_image"),
        24: (good[:-20], "truncated_image"),
        31: (good[:100], "truncated_image"),
        50: (b"\x00" * 128 + b"DICM" + b"\x00" * 40, None),
        77: (b"%PDF-1.7 not a film", "not_an_image"),
        99: (good.replace(b"IDAT", b"IDAX"), None),
    }
    job_id = submit(*[bad[i][0] if i in bad else film(200 + i) for i in range(100)])

    run_all()

    found = items(database, job_id)
    assert [item.index for item in found if item.state is ItemState.FAILED] == list(bad)
    assert sum(item.state is ItemState.SUCCEEDED for item in found) == 93
    for index, (_, code) in bad.items():
        assert found[index].error_code == code or (code is None and found[index].error_code)


@pytest.mark.usefixtures("analysed_once")
def test_every_result_is_of_its_own_film_whatever_the_batches_and_the_losses(
    database: Database,
    store: ArtifactStore,
    classifier: Classifier,
    settings: WorkerSettings,
    submit: Submit,
    say: Callable[[str], None],
) -> None:
    """The worst defect there could be: one patient's result on another's film."""
    jobs = [
        submit(*[film(150 + 25 * number + i) for i in range(25)], owner=f"owner-{number % 3}")
        for number in range(4)
    ]
    lost = 0
    # On a slow machine the one that is never heard of takes the same film again and again.
    patient = settings.model_copy(update={"max_attempts": 99})

    def work(_: int) -> int:
        return run_batch(
            database, store, classifier, Priority, settings=patient, holder="worker/batch"
        )

    with ThreadPoolExecutor(3) as workers:
        while any(workers.map(work, range(3))):
            # One takes a batch and is never heard of again.
            leases = claim(
                database, Priority, limit=8, lease_s=60, max_attempts=99, holder="worker/dead"
            )
            lost += len(leases)
            requeue_lost(database, "worker/dead", max_attempts=99)

    wrong = 0
    for number, job_id in enumerate(jobs):
        for item in items(database, job_id):
            assert item.result is not None, (item.state, item.error_code, item.attempts)
            wrong += item.result.input.width != 150 + 25 * number + item.index
            for kind in PICTURES:
                assert picture(store, item, kind)
    say(f"films 100, attempts lost {lost}, results on another film {wrong}")
    assert lost > 8
    assert wrong == 0


def test_a_worker_that_wakes_up_after_its_lease_leaves_no_trace(
    database: Database,
    store: ArtifactStore,
    submit: Submit,
    run_all: RunAll,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was frozen while it drew; another worker has analysed the film meanwhile."""
    job_id = submit(film())
    frozen: list[Lease] = []

    def wake_up_late(database: Database, outcomes: Any) -> Any:
        frozen.extend(lease for lease, _ in outcomes)
        with database.write() as session:
            session.execute(update(ItemRow).values(lease_expires_at=ItemRow.queued_at))
        requeue_expired(database, max_attempts=3)
        monkeypatch.setattr("worker.batch.commit", commit)
        run_all()
        return commit(database, outcomes)

    monkeypatch.setattr("worker.batch.commit", wake_up_late)
    run_all()

    [item] = items(database, job_id)
    assert item.state is ItemState.SUCCEEDED
    assert item.attempts == 2
    assert picture(store, item, Artifact.HEATMAP)
    [late] = frozen
    for kind in PICTURES:
        with pytest.raises(ArtifactNotFound):
            store.get(picture_key(job_id, 0, late.token, kind))


def test_a_full_disk_costs_no_attempt(
    database: Database, submit: Submit, run_all: RunAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(film(), film(300))
    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, "put", _no_space)
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                run_all()

    assert [item.attempts for item in items(database, job_id)] == [0, 0]
    run_all()
    assert [item.state for item in items(database, job_id)] == [ItemState.SUCCEEDED] * 2


def test_a_device_that_breaks_costs_no_attempt(
    database: Database, submit: Submit, run_all: RunAll, classifier: Classifier
) -> None:
    """No film is failed, or tried once more, for what is the device's."""
    job_id = submit(film(), film(300))
    broken = _Broken()
    for _ in range(5):
        with pytest.raises(DeviceUnavailable):
            run_all(Classifier(classifier.manifest, broken))

    assert 5 <= broken.calls <= 5 * 2
    assert [item.attempts for item in items(database, job_id)] == [0, 0]
    run_all()
    assert [item.state for item in items(database, job_id)] == [ItemState.SUCCEEDED] * 2


class _Broken:
    merges_calls = False
    calls = 0

    def run(self, films: NDArray[np.float32]) -> Outputs:
        assert len(films)
        self.calls += 1
        raise DeviceUnavailable("cuda", "does not work any more")


@pytest.mark.parametrize(("times", "state"), [(1, ItemState.SUCCEEDED), (9, ItemState.FAILED)])
def test_an_analysis_that_breaks_is_tried_again_alone(
    database: Database,
    submit: Submit,
    run_all: RunAll,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    state: ItemState,
) -> None:
    """And breaks no other."""
    job_id = submit(film(), film(300), film(320))
    broke: list[bytes] = []

    def break_some_times(classifier: Classifier, content: bytes, **options: Any) -> Any:
        if content == film(300) and len(broke) < times:
            broke.append(content)
            raise MemoryError
        return analyse_film(classifier, content, **options)

    monkeypatch.setattr("worker.batch.analyse_film", break_some_times)
    run_all()

    good = ItemState.SUCCEEDED
    assert [item.state for item in items(database, job_id)] == [good, state, good]
    assert len(broke) == min(times, 2)


def test_a_batch_that_is_stuck_is_not_kept_alive(
    database: Database,
    store: ArtifactStore,
    classifier: Classifier,
    settings: WorkerSettings,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its lease is renewed for as long as a batch may take, and then runs out."""
    submit(film())
    seen: list[str] = []

    def note_renewal(*args: Any, **options: Any) -> None:
        renew(*args, **options)
        seen.append("renewed")

    def hang(*_: object, **__: object) -> Any:
        wait_until(lambda: requeue_expired(database, max_attempts=3))
        seen.append("taken back")
        return UndecodableImage("It is too late.")

    monkeypatch.setattr("worker.batch.renew", note_renewal)
    monkeypatch.setattr("worker.batch.analyse_film", hang)
    short = settings.model_copy(update={"lease_s": 1.5, "task_time_limit_s": 3})
    run_batch(database, store, classifier, Priority, settings=short, holder="worker/batch")

    assert seen[0] == "renewed"
    assert seen[-1] == "taken back"


def _no_space(*_: object) -> None:
    raise StoreUnavailable("no space left")
