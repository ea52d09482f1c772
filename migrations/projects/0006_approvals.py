import django.contrib.postgres.fields
from django.db import migrations, models

import projects.models

# Nobody is locked out by the update: where there is no second person, approval starts switched off, as in the demo.
_ALONE = """
    UPDATE project SET is_approval_required = false
     WHERE is_demo OR (SELECT count(*) FROM membership m WHERE m.project_id = project.id) < 2
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0005_scope_of_datasets"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="protected_labels",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=36), default=projects.models.only_production, size=None
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="is_approval_required",
            field=models.BooleanField(default=True),
        ),
        migrations.RunSQL(_ALONE, reverse_sql=migrations.RunSQL.noop),
    ]
