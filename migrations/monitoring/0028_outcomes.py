import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0027_feedback_inbox"),
        ("projects", "0011_issue_events"),
    ]
    operations = [
        migrations.CreateModel(
            name="Outcome",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField(default=uuid.uuid4)),
                ("unit_id", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=80)),
                (
                    "data_type",
                    models.CharField(choices=[("boolean", "Yes or no"), ("number", "Number")], max_length=8),
                ),
                ("value", models.FloatField()),
                ("happened_at", models.DateTimeField()),
                ("received_at", models.DateTimeField(db_default=Now())),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="outcomes", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "outcome",
                "indexes": [
                    models.Index(fields=["project", "name", "happened_at"], name="outcome_of_name"),
                    models.Index(fields=["project", "unit_id"], name="outcome_of_unit"),
                    models.Index(fields=["project", "received_at"], name="outcome_received"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("data_type__in", ["boolean", "number"])), name="outcome_type_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("data_type", "boolean"), _negated=True),
                            ("value__in", [0, 1]),
                            _connector="OR",
                        ),
                        name="outcome_yes_or_no",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("value__gte", -1e15), ("value__lte", 1e15)), name="outcome_value_finite"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("unit_id", ""), _negated=True), models.Q(("name", ""), _negated=True)
                        ),
                        name="outcome_is_named",
                    ),
                ],
            },
        ),
    ]
