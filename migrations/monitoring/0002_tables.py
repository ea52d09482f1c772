from pathlib import Path

from django.db import migrations

from migrations.postgres import sql_file

REVERSE = """
DROP TABLE span, trace, usage_minute, usage_hour, usage_day, score, environment, ingest_minute, quarantined_span CASCADE;
DROP AGGREGATE histogram_sum(bigint[]);
DROP FUNCTION histogram_add(bigint[], bigint[]);
DROP FUNCTION histogram_subtract(bigint[], bigint[]);
DROP FUNCTION latency_bucket(bigint);
DROP FUNCTION ensure_span_partitions(date, date);
"""


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial"), ("projects", "0002_append_only_audit")]
    operations = [sql_file(Path(__file__).parent / "sql" / "tables.sql", reverse=REVERSE)]
