from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0013_issues_stay_in_project")]
    operations = [
        migrations.AddField(
            model_name="analysisprogress", name="round_began_at", field=models.DateTimeField(db_default=Now())
        ),
        migrations.AddField(model_name="analysisprogress", name="round_at", field=models.DateTimeField(null=True)),
    ]
