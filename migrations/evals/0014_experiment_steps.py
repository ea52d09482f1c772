from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evals", "0013_proposals")]

    operations = [
        migrations.AddField(model_name="experiment", name="is_step", field=models.BooleanField(default=False))
    ]
