from pathlib import Path

from django.db import migrations

from migrations.postgres import sql_file


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0010_coverage")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                sql_file(Path(__file__).parent / "sql" / "call_analysis.sql", reverse=migrations.RunSQL.noop)
            ],
            state_operations=[migrations.DeleteModel("CallAnalysis")],
        )
    ]
