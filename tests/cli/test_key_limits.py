"""`pneumocam keys create --rate --max-open`, as it is typed."""

from pathlib import Path

from jobs.identity.keys import check_key
from jobs.record.database import Database
from jobs.settings import ServiceSettings
from tests.cli.test_keys import keys


def test_a_key_gets_limits_of_its_own_and_the_list_shows_them(tmp_path: Path) -> None:
    limited = keys(tmp_path, "create", "archive", "--rate", "60", "--max-open", "500")
    keys(tmp_path, "create", "ward 3")

    rows = keys(tmp_path, "list").stdout.splitlines()

    database = Database(ServiceSettings(data_dir=tmp_path).database_url)
    caller = check_key(database, limited.stdout.strip())
    database.close()
    assert caller is not None
    assert (caller.rate, caller.max_open) == (60, 500)
    assert rows[0].split()[3:6] == ["RATE", "MAX", "OPEN"]
    assert [row.split()[3:5] for row in rows[1:]] == [["60", "500"], ["default", "default"]]


def test_a_limit_of_nothing_is_refused(tmp_path: Path) -> None:
    """A key that may do nothing is one to revoke."""
    for option in ("--rate", "--max-open"):
        refused = keys(tmp_path, "create", "ward 3", option, "0")
        assert refused.returncode == 2
        assert option in refused.stderr
