"""Idempotency keys of submissions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the idempotency key of a job, and the digest of what was sent under it."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("idempotency_key", sa.String(255)))
        jobs.add_column(sa.Column("body_digest", sa.String(64)))
    op.create_index("ix_jobs_idempotency_key", "jobs", ["idempotency_key"], unique=True)


def downgrade() -> None:
    """Drop both columns."""
    op.drop_index("ix_jobs_idempotency_key", "jobs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("body_digest")
        jobs.drop_column("idempotency_key")
