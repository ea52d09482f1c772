from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0006_arrivals")]
    operations = [
        # The numbers of one prompt, however many others the project has; days alone, because there are few rows of them.
        migrations.RunSQL(
            "CREATE INDEX usage_day_prompt ON usage_day (project_id, prompt_name, at)",
            reverse_sql="DROP INDEX usage_day_prompt",
        ),
    ]
