from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0031_dashboards")]

    operations = [
        migrations.AddField(
            "analysissettings", "segment_key", models.CharField(db_default="", default="", max_length=80)
        ),
        migrations.RunSQL(
            "ALTER TABLE call_analysis ADD COLUMN segment text NOT NULL DEFAULT ''",
            "ALTER TABLE call_analysis DROP COLUMN segment",
        ),
    ]
