"""The chain of migrations."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from jobs.record.database import MIGRATIONS


def test_each_migration_follows_the_one_before_its_number() -> None:
    """Two of one number, written side by side, would leave a database without one of them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    chain = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))

    assert [name[:4] for name in names] == chain[::-1]
