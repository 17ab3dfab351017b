"""The outbox of reports."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "report_deliveries",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("destination", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(64)),
        sa.ForeignKeyConstraint(
            ["job_id", "index"], ["items.job_id", "items.index"], ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_report_deliveries_due", "report_deliveries", ["state", "destination", "due_at"]
    )
    op.create_index("ix_report_deliveries_item", "report_deliveries", ["job_id", "index"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("report_deliveries")
