"""Scaling of the service with workers, and with the number of films in the database."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import insert
from ulid import ULID

from benchmarks.speed.figures import Figure, cpu_milliseconds
from benchmarks.speed.installation import Installation, installed
from benchmarks.speed.service import Taken, against, fresh
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.results import InputFacts, ModelVersion, Result, Timings
from jobs.states import ItemState, Priority
from jobs.views.worklist import WorklistFilter, WorklistSort, read_page


def measure(rounds: int, *, films: int) -> Iterator[Figure]:
    """Compare one-threaded workers with one worker, and a short worklist with a long one."""
    yield from _worklist(rounds)
    yield from _workers(rounds, films)


def _workers(rounds: int, films: int) -> Iterator[Figure]:
    cores = len(os.sched_getaffinity(0))
    one = f"1 worker, {cores} threads"
    with ExitStack() as stack:
        ways: dict[str, Installation] = {one: stack.enter_context(installed())}
        for count in (1, 2, 4):
            installation = stack.enter_context(installed(PNEUMOCAM_THREADS="1"))
            installation.add_workers(count - 1, threads=1)
            ways[f"{count} workers, 1 thread each"] = installation
        taken = {name: Taken() for name in ways}
        for installation in ways.values():
            installation.run(fresh("JPEG", 32))
        for _ in range(rounds):
            for name, installation in ways.items():
                taken[name].add(installation.run(fresh("JPEG", films)), films)
        for name, figures in taken.items():
            yield from against("growth", name, figures, one, taken[one])


def _worklist(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        databases = {
            count: filled(Path(folder, f"{count}.db"), count) for count in (100, 10_000, 100_000)
        }
        for sort in WorklistSort:
            ways = {
                f"{count:,} items": partial(
                    read_page, database, WorklistFilter(), sort=sort, limit=50, cursor=None
                )
                for count, database in databases.items()
            }
            taken = cpu_milliseconds(ways, rounds=5 * rounds)
            for name, ms in taken.items():
                ratio = ms / taken["100 items"]
                yield Figure("growth", f"worklist {sort}, {name}", ms, "CPU ms", "100", ratio)


def filled(path: Path, count: int) -> Database:
    """Create a database with this many analysed films, ten in each job."""
    database = Database(f"sqlite:///{path}")
    database.migrate()
    random = Random(1)  # noqa: S311 - no secrets
    begin = datetime.now(UTC) - timedelta(days=1)
    jobs, items = [], []
    for number in range(count // 10):
        at = begin + timedelta(milliseconds=100 * number)
        job_id = str(ULID.from_datetime(at))
        jobs.append(
            {
                "id": job_id,
                "priority": Priority.ROUTINE,
                "created_at": at,
                "finished_at": at,
                "expires_at": at + timedelta(days=30),
            }
        )
        for index in range(10):
            probability = random.random()
            items.append(
                {
                    "job_id": job_id,
                    "index": index,
                    "filename": f"{number}-{index}.dcm",
                    "sha256": f"{number:060d}{index:04d}",
                    "size_bytes": 200_000,
                    "priority_rank": Priority.ROUTINE.rank,
                    "turn": 0,
                    "state": ItemState.SUCCEEDED,
                    "attempts": 1,
                    "queued_at": at,
                    "finished_at": at,
                    "probability": probability,
                    "positive": probability > 0.5,
                    "result": _result(probability),
                    "search_text": f"{number}-{index}.dcm",
                }
            )
    with database.write() as session:
        session.execute(insert(JobRow), jobs)
        session.execute(insert(ItemRow), items)
    return database


def _result(probability: float) -> Result:
    return Result(
        probability=probability,
        threshold=0.5,
        positive=probability > 0.5,
        model=ModelVersion(name="pneumocam", version="1.0.0"),
        regions=[],
        reasons=[],
        input=InputFacts(width=1024, height=1024),
        timings_ms=Timings(),
    )
