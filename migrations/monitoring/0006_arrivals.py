from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from migrations.postgres import sql_file

REVERSE = "DROP TABLE ingest_quota, ingest_signal_minute, ingest_sender, canary_run"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0005_masking"), ("projects", "0002_append_only_audit")]
    operations = [
        sql_file(Path(__file__).parent / "sql" / "arrivals.sql", reverse=REVERSE),
        migrations.CreateModel(
            name="IngestQuota",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="ingest_quota",
                        serialize=False,
                        to="projects.project",
                    ),
                ),
                ("requests_per_minute", models.PositiveIntegerField(null=True)),
                ("key_requests_per_minute", models.PositiveIntegerField(null=True)),
                ("megabytes_per_minute", models.PositiveIntegerField(null=True)),
                ("spans_per_day", models.PositiveBigIntegerField(null=True)),
                ("megabytes_per_day", models.PositiveIntegerField(null=True)),
            ],
            options={"db_table": "ingest_quota", "managed": False},
        ),
    ]
