"""Turns in the queue, lease holders, results found by content, and the scan of the store."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# Waiting items keep their order within each owner, and the owners take turns from the start.
NUMBER_ITEMS = """
    UPDATE items SET turn = line.turn FROM (
        SELECT items.job_id, items."index", row_number() OVER (
            PARTITION BY jobs.owner, items.priority_rank ORDER BY items.job_id, items."index"
        ) - 1 AS turn
        FROM items JOIN jobs ON jobs.id = items.job_id
        WHERE items.state IN ('queued', 'running')
    ) AS line
    WHERE items.job_id = line.job_id AND items."index" = line."index"
"""
NUMBER_JOBS = """
    UPDATE jobs SET last_turn = (
        SELECT max(turn) FROM items
        WHERE items.job_id = jobs.id AND items.state IN ('queued', 'running')
    ) WHERE finished_at IS NULL
"""


def upgrade() -> None:
    """Add the columns, indexes and table for claims and the scan, and number the waiting items."""
    op.add_column("jobs", sa.Column("last_turn", sa.BigInteger()))
    op.add_column("items", sa.Column("turn", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("items", sa.Column("lease_holder", sa.String(255)))
    op.execute(NUMBER_ITEMS)
    op.execute(NUMBER_JOBS)
    op.drop_index("ix_items_claim", "items")
    op.create_index(
        "ix_items_claim", "items", ["state", "priority_rank", "turn", "job_id", "index"]
    )
    op.create_index("ix_items_sha256", "items", ["sha256"])
    for name, columns, condition in (
        ("ix_jobs_last_turn", ["owner", "priority", "last_turn"], sa.text("finished_at IS NULL")),
        ("ix_jobs_expires_at", ["expires_at"], sa.text("erased_at IS NULL")),
        ("ix_jobs_key_age", ["created_at"], sa.text("idempotency_key IS NOT NULL")),
    ):
        op.create_index(name, "jobs", columns, sqlite_where=condition, postgresql_where=condition)
    rounds = op.create_table(
        "store_rounds",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("installation", sa.String(32), nullable=False),
        sa.Column("began_at", MOMENT),
        sa.Column("position", sa.String(26), nullable=False),
    )
    op.bulk_insert(rounds, [{"id": 1, "installation": uuid4().hex, "position": ""}])


def downgrade() -> None:
    """Drop the additions. Queued items are then claimed in the order of job ids again."""
    op.drop_table("store_rounds")
    for name in ("ix_jobs_key_age", "ix_jobs_expires_at", "ix_jobs_last_turn"):
        op.drop_index(name, "jobs")
    for name in ("ix_items_sha256", "ix_items_claim"):
        op.drop_index(name, "items")
    op.drop_column("items", "lease_holder")
    op.drop_column("items", "turn")
    op.drop_column("jobs", "last_turn")
    op.create_index("ix_items_claim", "items", ["state", "priority_rank", "job_id", "index"])
