"""Missing is not "not applicable"; changes of reports name their units (the statements are in 0005_status.sql)."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))


def downgrade() -> None:
    raise NotImplementedError(
        "the views of mart rest on these functions: go back to the older code and a new database"
    )
