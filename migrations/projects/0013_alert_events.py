import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0012_backups"),
    ]

    operations = [
        migrations.AlterField(
            model_name="webhookendpoint",
            name="events",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("prompt:created", "A prompt is made"),
                        ("prompt:committed", "A version is saved"),
                        ("prompt:published", "A version is published"),
                        ("prompt:undone", "A publish is undone"),
                        ("change_request:opened", "Approval is asked for"),
                        ("change_request:approved", "A change is approved"),
                        ("change_request:changes_requested", "Changes are asked for"),
                        ("rollout:started", "A rollout starts"),
                        ("rollout:advanced", "A rollout goes to its next share"),
                        ("rollout:paused", "A rollout pauses or goes on"),
                        ("rollout:rolled_back", "A rollout is rolled back"),
                        ("rollout:completed", "A rollout is completed"),
                        ("issue:opened", "A problem is found in calls"),
                        ("issue:escalating", "A problem gets worse"),
                        ("issue:resolved", "A problem is gone"),
                        ("issue:regressed", "A problem came back"),
                        ("alert:fired", "An alert fires, or still holds"),
                        ("alert:resolved", "An alert is over"),
                        ("experiment:finished", "A test is done"),
                    ],
                    max_length=60,
                ),
                size=None,
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["project", "event_id"], name="webhook_delivery_event"),
        ),
    ]
