"""The append-only audit log, and owners that are not API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

#: Hash that stands before the first event.
GENESIS = "0" * 64

# These triggers stop mistakes, and users with only the gateway's rights. The owner of the tables
# can drop them; the chain of hashes then shows later changes.
SQLITE_TRIGGERS = (
    """CREATE TRIGGER audit_events_keep_content BEFORE UPDATE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'the audit log can only be added to'); END""",
    """CREATE TRIGGER audit_events_keep_rows BEFORE DELETE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'the audit log can only be added to'); END""",
    """CREATE TRIGGER audit_head_moves_on BEFORE UPDATE ON audit_head
    WHEN NEW.seq <= OLD.seq OR NEW.id <> OLD.id
    BEGIN SELECT RAISE(ABORT, 'the audit log can only be added to'); END""",
    """CREATE TRIGGER audit_head_keeps_its_row BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the audit log can only be added to'); END""",
)
POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log can only be added to'; END $$""",
    """CREATE TRIGGER audit_events_keep_content BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_events_keep_rows BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_moves_on BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (NEW.seq <= OLD.seq OR NEW.id <> OLD.id)
    EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_keeps_its_row BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_keeps_all BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
)


def upgrade() -> None:
    """Create the log, its head and the triggers that protect it, and widen the owner column."""
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(40)),
        sa.Column("via", sa.String(16)),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("job_id", sa.String(26)),
        sa.Column("item_index", sa.Integer()),
        sa.Column("target", sa.String(64)),
        sa.Column("status", sa.Integer()),
        sa.Column("code", sa.String(64)),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(64)),
        sa.Column("address", sa.String(45)),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_events_job_id", "audit_events", ["job_id", "seq"])
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": GENESIS}])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for trigger in SQLITE_TRIGGERS if is_sqlite else POSTGRESQL_TRIGGERS:
        op.execute(trigger)
    # SQLite enforces no column length, and would have to copy the table with its items.
    if not is_sqlite:
        op.alter_column("jobs", "owner", type_=sa.String(40))


def downgrade() -> None:
    """Drop the log, and clear the owner of jobs from tokens, which older code does not know."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.drop_table("audit_events")
    op.drop_table("audit_head")
    if not is_sqlite:
        op.execute("DROP FUNCTION audit_refuse()")
    op.execute(
        "UPDATE jobs SET owner = NULL, idempotency_key = NULL, body_digest = NULL "
        "WHERE length(owner) > 12"
    )
    if not is_sqlite:
        op.alter_column("jobs", "owner", type_=sa.String(12))
