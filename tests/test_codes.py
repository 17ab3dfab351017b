"""The codes of the record are those of the model, of files and of the queue.

The dashboard's explanations are records over the same enums, which `tsc` proves by the types that
are made of the OpenAPI document (`npm run check`).

`model` may not import `jobs`, nor `jobs` the model, so each has its own enums; here they are equal.
"""

from collections.abc import Iterator
from enum import StrEnum

import model.errors
from headers.errors import RefusedFile
from jobs import results
from model.anatomy import Side, Zone
from model.cautions import CautionCode
from model.gating import ReasonCode
from tests.conftest import ROOT


def _codes(base: type[RefusedFile]) -> Iterator[str]:
    """The codes of a class of errors, and of all that derives from it."""
    yield base.code
    for kind in base.__subclasses__():
        yield from _codes(kind)


def _known(codes: type[StrEnum]) -> set[str]:
    """The codes that this version gives; `unknown` stands for another version's."""
    return {code.value for code in codes} - {"unknown"}


def test_the_record_has_the_codes_of_the_model() -> None:
    assert _known(results.ReasonCode) == set(ReasonCode)
    assert _known(results.CautionCode) == set(CautionCode)
    assert [side.value for side in results.Side] == [side.value for side in Side]
    assert [zone.value for zone in results.Zone] == [zone.value for zone in Zone]


def test_the_record_has_the_error_codes_of_files_and_each_other_one_is_given() -> None:
    assert issubclass(model.errors.UnreadableImage, RefusedFile)
    folders = (ROOT / "api", ROOT / "jobs", ROOT / "worker")
    sources = "".join(path.read_text() for one in folders for path in one.rglob("*.py"))
    given = {code.value for code in results.ErrorCode if f"ErrorCode.{code.name}," in sources}

    assert given == {
        "nested_archive",
        "damaged_archive",
        "encrypted_archive",
        "unsupported_archive",
        "upload_missing",
        "worker_lost",
        "timeout",
        "internal_error",
    }
    assert _known(results.ErrorCode) == given | set(_codes(RefusedFile))
