from pathlib import Path

from django.db import migrations

from migrations.postgres import sql_file

REVERSE = "DROP TABLE ingest_quota, ingest_signal_minute, ingest_sender, canary_run"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0004_span_storage")]
    operations = [sql_file(Path(__file__).parent / "sql" / "arrivals.sql", reverse=REVERSE)]
