"""Sending of files in batches, and waiting for their jobs, as the journal records them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any  # for the values of the service's JSON

import httpx

from client.connection import ServiceClient, SubmissionStopped, problem_of
from client.files import digest_of, is_archive, is_unchanged
from client.journal import Journal
from client.records import Batch, FoundFile, Item, SentBatch

#: Size limit of one request, so that little has to be sent again when a request fails.
_MAX_BATCH_BYTES = 500 * 2**20

#: Codes of files that are not sent: unreadable, or changed during the submission.
_UNREADABLE, _CHANGED = "unreadable_file", "changed_meanwhile"

#: Job states that do not change any more.
_FINAL_STATES = frozenset({"finished", "cancelled"})


class Sender:
    """Sends each file of a run exactly once, also after an earlier run was interrupted."""

    def __init__(
        self,
        journal: Journal,
        client: ServiceClient,
        *,
        priority: str,
        photometric: str = "as_stored",
        batch_size: int,
    ) -> None:
        self._journal = journal
        self._client = client
        self._priority = priority
        self._photometric = photometric
        self._batch_size = batch_size

    def send_all(self) -> Iterator[int]:
        """Send all files, and yield after each step how many more of them are sent or refused.

        Raises:
            SubmissionStopped: The service does not answer, or refuses the key or the request.
        """
        for batch in self._journal.interrupted_batches():
            # The same request under the same key: if it had arrived, the answer is its job.
            yield self._send(batch)
        while files := self._journal.unsent_files(limit=self._batch_size):
            readable = self._add_digests(files)
            yield len(files) - len(readable)
            if readable:
                yield self._send(self._next_batch(readable))

    def _add_digests(self, files: Sequence[FoundFile]) -> list[FoundFile]:
        """Return files with their digests; refuse those that cannot be read."""
        readable = []
        for file in files:
            try:
                readable.append(replace(file, sha256=digest_of(file.path)))
            except OSError:
                self._journal.refuse_file(file.path, _UNREADABLE)
        return readable

    def _next_batch(self, files: Sequence[FoundFile]) -> Batch:
        """Record a batch of the first files: as many as fit into one request."""
        batch = [files[0]]
        first_is_archive = is_archive(files[0].path)
        size = files[0].size
        for file in files[1:]:
            size += file.size
            if first_is_archive or size > _MAX_BATCH_BYTES or is_archive(file.path):
                break
            batch.append(file)
        # The key covers all that the service compares, so that the same files make no second job
        # when the journal is lost.
        reading = [] if self._photometric == "as_stored" else [self._photometric]
        named = [(file.path.name, file.sha256) for file in batch]
        sent = [self._priority, named, *reading]
        key = f"submit-{sha256(json.dumps(sent).encode()).hexdigest()}"
        return self._journal.add_batch(
            batch, key=key, priority=self._priority, is_archive=first_is_archive
        )

    def _send(self, batch: Batch) -> int:
        """Send a batch, and return how many of its files are sent or refused."""
        if not all(map(is_unchanged, batch.files)):
            return self._refuse_changed(batch)
        try:
            answer = self._client.post_films(
                [file.path for file in batch.files],
                priority=batch.priority,
                # Files of an interrupted batch that were to be read otherwise have dissolved it.
                photometric=self._photometric,
                idempotency_key=batch.idempotency_key,
            )
        except (OSError, httpx.LocalProtocolError):
            return self._refuse_changed(batch)
        if answer.is_success:
            return self._record_accepted(batch, answer.json())
        problem = problem_of(answer)
        if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            return self._halve(batch, _code_of(problem))
        return self._record_refused(batch, problem)

    def _refuse_changed(self, batch: Batch) -> int:
        changed = [file for file in batch.files if not is_unchanged(file)]
        if not changed:
            return self._halve(batch, _UNREADABLE)
        self._journal.dissolve_batch(batch.id)
        for file in changed:
            self._journal.refuse_file(file.path, _CHANGED)
        return len(changed)

    def _halve(self, batch: Batch, code: str) -> int:
        """Continue with batches of half the size; refuse the file of a batch of one."""
        if len(batch.files) == 1:
            self._journal.refuse_file(batch.files[0].path, code)
            return 1
        self._journal.dissolve_batch(batch.id)
        self._batch_size = len(batch.files) // 2
        return 0

    def _record_accepted(self, batch: Batch, job: Mapping[str, Any]) -> int:
        record_job(self._journal, SentBatch(batch.id, job["id"], len(batch.files)), job)
        if not batch.is_archive:
            for file, item in zip(batch.files, job["items"], strict=True):
                # The file has changed after its digest was taken: the result is of other bytes.
                if item["sha256"] != file.sha256:
                    self._journal.refuse_file(file.path, _CHANGED)
        return len(batch.files)

    def _record_refused(self, batch: Batch, problem: Mapping[str, Any]) -> int:
        """Take the files that the service refuses out of a batch."""
        codes = {error["index"]: error["code"] for error in problem["errors"] if "index" in error}
        if not codes:
            raise SubmissionStopped(f"the service refuses the request: {problem['detail']}")
        self._journal.dissolve_batch(batch.id)
        for index, code in codes.items():
            self._journal.refuse_file(batch.files[index].path, code)
        return len(codes)


def follow_all(journal: Journal, client: ServiceClient) -> Iterator[int]:
    """Wait for the jobs of a run, and yield after each its number of files.

    Raises:
        SubmissionStopped: The service does not answer, or refuses the key.
    """
    for sent in journal.open_batches():
        while True:
            answer = client.get_job(sent.job_id)
            if answer.status_code == httpx.codes.NOT_FOUND:
                # The job was lost, or belongs to another key: its files have to be sent again.
                journal.dissolve_batch(sent.id)
                break
            if answer.status_code == httpx.codes.GONE:
                journal.record_erasure(sent.id)
                break
            if answer.is_error:
                raise SubmissionStopped(problem_of(answer)["detail"])
            if record_job(journal, sent, answer.json()):
                break
        yield sent.files


def record_job(journal: Journal, sent: SentBatch, job: Mapping[str, Any]) -> bool:
    """Record a job as the service describes it, and return whether it is final."""
    is_final = job["state"] in _FINAL_STATES
    journal.record_job(sent, map(_item, job["items"]), is_final=is_final)
    return is_final


def _item(described: Mapping[str, Any]) -> Item:
    result, error = described["result"] or {}, described["error"] or {}
    reasons = ";".join(reason["code"] for reason in result.get("reasons", []))
    return Item(
        index=described["index"],
        name=described["filename"],
        state=described["state"],
        code=error.get("code") or reasons or None,
        probability=result.get("probability"),
        threshold=result.get("threshold"),
        positive=result.get("positive"),
        model_version=result.get("model", {}).get("version"),
    )


def _code_of(problem: Mapping[str, Any]) -> str:
    """Return the code of the first error, or else that of the problem type."""
    codes = [error["code"] for error in problem["errors"]]
    return str(codes[0] if codes else problem["type"].rpartition(":")[2])
