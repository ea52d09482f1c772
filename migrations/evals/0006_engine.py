from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evals", "0005_evaluators")]

    operations = [
        migrations.AddField(
            model_name="experiment",
            name="uses_cache",
            field=models.BooleanField(default=True),
        ),
        migrations.AddIndex(
            model_name="experimentattempt",
            index=models.Index(
                condition=models.Q(("outcome", "running")),
                fields=["started_at"],
                name="experiment_attempt_under_way",
            ),
        ),
    ]
