"""`pneumocam keys`, as it is typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.settings import ApiSettings
from cli.errors import CommandRefused
from cli.startup_checks import check_address
from jobs.identity.keys import check_key
from jobs.record.database import Database
from jobs.settings import ServiceSettings
from jobs.states import Scope
from tests.conftest import ROOT


def keys(tmp_path: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "keys", *words],
        cwd=ROOT,
        env={**os.environ, "PNEUMOCAM_DATA_DIR": str(tmp_path), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_key_is_shown_once_and_can_be_ended(tmp_path: Path) -> None:
    created = keys(tmp_path, "create", "PACS router", "--expires-days", "3")
    key = created.stdout.strip()
    listed = keys(tmp_path, "list").stdout
    database = Database(ServiceSettings(data_dir=tmp_path).database_url)
    caller = check_key(database, key)
    revoked = keys(tmp_path, "revoke", key.split("_")[1])

    assert created.stdout == f"{key}\n"
    assert caller is not None
    assert caller.name == "PACS router"
    assert caller.scopes == {Scope.SUBMIT, Scope.READ}
    assert "PACS router" in listed
    assert key.rpartition("_")[2] not in listed + created.stderr
    assert revoked.returncode == 0
    assert check_key(database, key) is None
    assert "revoked" in keys(tmp_path, "list").stdout
    database.close()


@pytest.mark.parametrize(
    ("words", "settings", "names"),
    [
        (["revoke", "000000000000"], {}, "000000000000"),
        (["create", " "], {}, "name"),
        (["list"], {"PNEUMOCAM_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "DATABASE_URL"),
        (["list"], {"PNEUMOCAM_DATA_DIR": "/proc/nowhere"}, "PNEUMOCAM_DATA_DIR"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, words: list[str], settings: dict[str, str], names: str
) -> None:
    refused = keys(tmp_path, *words, **settings)

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert names in refused.stderr


def test_an_address_for_others_needs_a_key_first(tmp_path: Path) -> None:
    settings = ApiSettings(data_dir=tmp_path, host="192.0.2.1")

    with pytest.raises(CommandRefused, match="pneumocam keys create"):
        check_address(settings)

    keys(tmp_path, "create", "ward 3")
    check_address(settings)


def test_this_machine_and_open_access_need_none(tmp_path: Path) -> None:
    check_address(ApiSettings(data_dir=tmp_path, host="::1"))
    check_address(ApiSettings(data_dir=tmp_path, host="192.0.2.1", open_access=True))

    assert list(tmp_path.iterdir()) == []
