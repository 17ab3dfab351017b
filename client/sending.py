"""Sending files in batches, and following their jobs, as a journal remembers them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import httpx

from client.connection import ServiceClient, SubmissionStopped, problem_of
from client.files import digest_of, is_archive, is_unchanged
from client.journal import Batch, Item, Journal, KnownFile, SentBatch

#: Of one request, so that one that breaks off has not been long in vain.
_MAX_BATCH_BYTES = 500 * 2**20

#: The codes of files that are not sent: unreadable here, or changed while they were being sent.
_UNREADABLE, _CHANGED = "unreadable_file", "changed_meanwhile"

#: What a job is called that changes no more.
_FINAL = frozenset({"finished", "cancelled"})


class Sender:
    """Sends each file of a run once, whatever happened before."""

    def __init__(
        self, journal: Journal, client: ServiceClient, *, priority: str, batch_size: int
    ) -> None:
        self._journal = journal
        self._client = client
        self._priority = priority
        self._batch_size = batch_size

    def send_all(self) -> Iterator[int]:
        """Send; yields again and again how many more files are done with.

        Raises:
            SubmissionStopped: The service takes no requests, or not this key, or not like this.
        """
        for batch in self._journal.interrupted():
            # The same request under the same key: if it had arrived, the service says so.
            yield self._send(batch)
        while files := self._journal.unsent(limit=self._batch_size):
            readable = self._digested(files)
            yield len(files) - len(readable)
            if readable:
                yield self._send(self._write_down(readable))

    def _digested(self, files: Sequence[KnownFile]) -> list[KnownFile]:
        """Some files with their digests, without those that cannot be read."""
        readable = []
        for file in files:
            try:
                readable.append(replace(file, sha256=digest_of(file.path)))
            except OSError:
                self._journal.refuse(file.path, _UNREADABLE)
        return readable

    def _write_down(self, files: Sequence[KnownFile]) -> Batch:
        """The first of some files as a batch: as many as go into one request."""
        batch = [files[0]]
        first_is_archive = is_archive(files[0].path)
        size = files[0].size
        for file in files[1:]:
            size += file.size
            if first_is_archive or size > _MAX_BATCH_BYTES or is_archive(file.path):
                break
            batch.append(file)
        # Of all that the service compares: whoever lost the journal makes no job twice either.
        sent = [self._priority, [(file.path.name, file.sha256) for file in batch]]
        key = f"submit-{sha256(json.dumps(sent).encode()).hexdigest()}"
        return self._journal.make_batch(
            batch, key=key, priority=self._priority, is_archive=first_is_archive
        )

    def _send(self, batch: Batch) -> int:
        if not all(map(is_unchanged, batch.files)):
            return self._leave_out_changed(batch)
        try:
            answer = self._client.post_films(
                [file.path for file in batch.files],
                priority=batch.priority,
                idempotency_key=batch.idempotency_key,
            )
        except (OSError, httpx.LocalProtocolError):
            return self._leave_out_changed(batch)
        if answer.is_success:
            return self._note_accepted(batch, answer.json())
        problem = problem_of(answer)
        if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            return self._send_less(batch, _code_of(problem))
        return self._note_refused(batch, problem)

    def _leave_out_changed(self, batch: Batch) -> int:
        changed = [file for file in batch.files if not is_unchanged(file)]
        if not changed:
            return self._send_less(batch, _UNREADABLE)
        self._journal.dissolve(batch.id)
        for file in changed:
            self._journal.refuse(file.path, _CHANGED)
        return len(changed)

    def _send_less(self, batch: Batch, code: str) -> int:
        """Go on in smaller batches; what is alone already cannot be sent."""
        if len(batch.files) == 1:
            self._journal.refuse(batch.files[0].path, code)
            return 1
        self._journal.dissolve(batch.id)
        self._batch_size = len(batch.files) // 2
        return 0

    def _note_accepted(self, batch: Batch, job: Mapping[str, Any]) -> int:
        note_job(self._journal, SentBatch(batch.id, job["id"], len(batch.files)), job)
        if not batch.is_archive:
            for file, item in zip(batch.files, job["items"], strict=True):
                # The result is of other bytes than those whose digest was taken.
                if item["sha256"] != file.sha256:
                    self._journal.refuse(file.path, _CHANGED)
        return len(batch.files)

    def _note_refused(self, batch: Batch, problem: Mapping[str, Any]) -> int:
        """Take what is refused for its bytes out of a batch."""
        codes = {error["index"]: error["code"] for error in problem["errors"] if "index" in error}
        if not codes:
            raise SubmissionStopped(f"the service refuses the request: {problem['detail']}")
        self._journal.dissolve(batch.id)
        for index, code in codes.items():
            self._journal.refuse(batch.files[index].path, code)
        return len(codes)


def follow_all(journal: Journal, client: ServiceClient) -> Iterator[int]:
    """Wait for a run's jobs; yields again and again how many more files are done with.

    Raises:
        SubmissionStopped: The service takes no requests, or not this key.
    """
    for sent in journal.open_batches():
        while True:
            answer = client.get_job(sent.job_id)
            if answer.status_code == httpx.codes.NOT_FOUND:
                # It was lost, or is another key's. Its files are to be sent again.
                journal.dissolve(sent.id)
                break
            if answer.status_code == httpx.codes.GONE:
                journal.erased(sent.id)
                break
            if answer.is_error:
                raise SubmissionStopped(problem_of(answer)["detail"])
            if note_job(journal, sent, answer.json()):
                break
        yield sent.files


def note_job(journal: Journal, sent: SentBatch, job: Mapping[str, Any]) -> bool:
    """Write down what the service told of a job; whether it is final."""
    is_final = job["state"] in _FINAL
    journal.settle(sent, map(_item, job["items"]), is_final=is_final)
    return is_final


def _item(told: Mapping[str, Any]) -> Item:
    result, error = told["result"] or {}, told["error"] or {}
    reasons = ";".join(reason["code"] for reason in result.get("reasons", []))
    return Item(
        index=told["index"],
        name=told["filename"],
        state=told["state"],
        code=error.get("code") or reasons or None,
        probability=result.get("probability"),
        threshold=result.get("threshold"),
        positive=result.get("positive"),
        model_version=result.get("model", {}).get("version"),
    )


def _code_of(problem: Mapping[str, Any]) -> str:
    """The most telling code of a problem."""
    codes = [error["code"] for error in problem["errors"]]
    return str(codes[0] if codes else problem["type"].rpartition(":")[2])
