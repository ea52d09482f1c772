from pathlib import Path

from django.db import migrations

from migrations.postgres import sql_file


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0003_faster_histograms")]
    operations = [sql_file(Path(__file__).parent / "sql" / "span_storage.sql", reverse="SELECT 1")]
