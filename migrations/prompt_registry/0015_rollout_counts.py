from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prompt_registry", "0014_rollouts_stay_in_project")]
    operations = [
        migrations.AddField("rollout", "counted", models.JSONField(default=dict, db_default={})),
        migrations.AddField(
            "rollout", "trouble", models.CharField(max_length=500, blank=True, default="", db_default="")
        ),
    ]
