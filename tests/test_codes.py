"""Every code that the service gives has words in the dashboard."""

import re
from collections.abc import Iterator

import model.errors
from api.wire.codes import ProblemCode
from headers.errors import RefusedFile
from jobs.queue.retries import TIMEOUT, WORKER_LOST
from model.cautions import CautionCode
from model.gating import ReasonCode
from tests.conftest import ROOT

#: Literals given to this function of the worker stand in the source and nowhere else.
_GIVEN = re.compile(r'_failed\(\s*"([a-z_]+)"')


def _codes(base: type[RefusedFile]) -> Iterator[str]:
    """The codes of all that derives from a class of errors."""
    for kind in base.__subclasses__():
        yield kind.code
        yield from _codes(kind)


def test_every_code_has_words_in_the_dashboard() -> None:
    explained = set(
        re.findall(
            r"^\s*'([a-z_]+)',$",
            (ROOT / "frontend/src/shared/lib/codes.ts").read_text(),
            re.MULTILINE,
        )
    )
    literals = {
        code
        for path in (ROOT / "worker").rglob("*.py")
        for code in _GIVEN.findall(path.read_text())
    }
    assert issubclass(model.errors.UnreadableImage, RefusedFile)

    classes = set(_codes(RefusedFile))
    given = classes | literals | set(ReasonCode) | set(CautionCode) | {WORKER_LOST, TIMEOUT}

    assert "upload_missing" in literals
    assert given | set(ProblemCode) <= explained
