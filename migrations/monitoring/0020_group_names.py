from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0019_calls_with_findings")]
    operations = [
        migrations.AddField("analysissettings", "naming_connection_id", models.BigIntegerField(null=True)),
    ]
