from pathlib import Path

from django.db import migrations

from migrations.postgres import sql_file


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0002_tables")]
    operations = [sql_file(Path(__file__).parent / "sql" / "histograms.sql", reverse="SELECT 1")]
