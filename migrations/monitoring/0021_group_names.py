from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0015_flagpages")]
    operations = [
        migrations.AddField("analysissettings", "naming_connection_id", models.BigIntegerField(null=True)),
    ]
