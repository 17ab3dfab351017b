"""API keys, browser sessions, and the owners of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables of keys and sessions, and make idempotency keys unique per owner."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(12), sa.ForeignKey("api_keys.id"), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    # No foreign key: SQLite would have to copy the table for it, and dropping the old table would
    # delete every item.
    op.add_column("jobs", sa.Column("owner", sa.String(12)))
    op.drop_index("ix_jobs_idempotency_key", "jobs")
    without_owner = sa.text("owner IS NULL")
    op.create_index(
        "ix_jobs_idempotency_key",
        "jobs",
        ["idempotency_key"],
        unique=True,
        sqlite_where=without_owner,
        postgresql_where=without_owner,
    )
    op.create_index(
        "ix_jobs_owner_idempotency_key", "jobs", ["owner", "idempotency_key"], unique=True
    )


def downgrade() -> None:
    """Drop tables and owners, and delete owners' idempotency keys, which two owners may share."""
    op.drop_index("ix_jobs_owner_idempotency_key", "jobs")
    op.drop_index("ix_jobs_idempotency_key", "jobs")
    op.execute("UPDATE jobs SET idempotency_key = NULL, body_digest = NULL WHERE owner IS NOT NULL")
    op.create_index("ix_jobs_idempotency_key", "jobs", ["idempotency_key"], unique=True)
    op.drop_column("jobs", "owner")
    op.drop_table("sessions")
    op.drop_table("api_keys")
