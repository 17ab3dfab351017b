"""The identity of DICOM films."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UIDS = ("sop_class_uid", "sop_instance_uid", "study_uid", "series_uid")
DATES = ("birth_date", "study_date")
TEXTS = (
    "patient_name",
    "patient_id",
    "patient_id_issuer",
    "sex",
    "accession_number",
    "study_time",
    "study_description",
    "station_name",
    "referring_physician",
)


def upgrade() -> None:
    """Create the table. Items of earlier versions have no identity."""
    op.create_table(
        "film_identities",
        sa.Column("job_id", sa.String(26), primary_key=True),
        sa.Column("index", sa.Integer(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String(64)) for name in UIDS),
        *(sa.Column(name, sa.String(8)) for name in DATES),
        *(sa.Column(name, sa.Text()) for name in TEXTS),
        sa.ForeignKeyConstraint(
            ["job_id", "index"], ["items.job_id", "items.index"], ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("film_identities")
