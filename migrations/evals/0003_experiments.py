import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0002_links_stay_in_project"),
        ("projects", "0007_tryit"),
        ("prompt_registry", "0012_key_makers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Evaluator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("description", models.CharField(blank=True, default="", max_length=500)),
                ("version", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="evaluators", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "evaluator",
            },
        ),
        migrations.CreateModel(
            name="EvaluatorVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=40)),
                ("settings", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "evaluator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="evals.evaluator"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "evaluator_version",
            },
        ),
        migrations.CreateModel(
            name="Experiment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("dataset_revision", models.PositiveIntegerField()),
                ("split", models.CharField(blank=True, default="", max_length=40)),
                ("variants", models.JSONField(default=list)),
                ("repetitions", models.PositiveSmallIntegerField(default=1)),
                ("grouped_by", models.CharField(blank=True, default="", max_length=120)),
                (
                    "runs_in",
                    models.CharField(
                        choices=[("workers", "Here"), ("code", "In your code")], default="workers", max_length=8
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("stops_early", models.BooleanField(default=False)),
                ("item_count", models.PositiveIntegerField()),
                ("estimated_nano_usd", models.BigIntegerField(default=0)),
                ("cap_nano_usd", models.BigIntegerField(default=0)),
                ("spent_nano_usd", models.BigIntegerField(default=0)),
                ("reserved_nano_usd", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="experiments", to="evals.dataset"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="experiments", to="projects.project"
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="experiments",
                        to="prompt_registry.prompt",
                    ),
                ),
            ],
            options={
                "db_table": "experiment",
            },
        ),
        migrations.CreateModel(
            name="ExperimentCell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("column", models.PositiveSmallIntegerField()),
                ("repetition", models.PositiveSmallIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ready", "Waiting"),
                            ("answering", "Answering"),
                            ("answered", "Waiting to be judged"),
                            ("judging", "Being judged"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("skipped", "Not run"),
                        ],
                        default="ready",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("run_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("lease_token", models.UUIDField(default=uuid.uuid4)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("predicted_tokens", models.PositiveIntegerField(default=0)),
                ("output", models.TextField(blank=True, default="")),
                ("error", models.TextField(blank=True, default="")),
                ("error_kind", models.CharField(blank=True, default="", max_length=40)),
                ("detail", models.TextField(blank=True, default="")),
                ("first_chunk_ms", models.FloatField(blank=True, null=True)),
                ("latency_ms", models.FloatField(blank=True, null=True)),
                ("input_tokens", models.PositiveIntegerField(blank=True, null=True)),
                ("output_tokens", models.PositiveIntegerField(blank=True, null=True)),
                ("cost_nano_usd", models.BigIntegerField(blank=True, null=True)),
                ("is_price_known", models.BooleanField(default=True)),
                ("is_cached", models.BooleanField(default=False)),
                ("is_simulated", models.BooleanField(default=False)),
                ("model", models.CharField(blank=True, default="", max_length=120)),
                ("finish_reason", models.CharField(blank=True, default="", max_length=40)),
                ("trace_id", models.UUIDField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cells", to="evals.experiment"
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evals.datasetitem"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "experiment_cell",
            },
        ),
        migrations.CreateModel(
            name="ExperimentAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[("answer", "The answer"), ("judge", "A judgement")], default="answer", max_length=6
                    ),
                ),
                ("lease_token", models.UUIDField()),
                ("step", models.PositiveSmallIntegerField(default=0)),
                ("expense_id", models.BigIntegerField(blank=True, null=True)),
                ("reserved_nano_usd", models.BigIntegerField(default=0)),
                ("cost_nano_usd", models.BigIntegerField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "Under way"),
                            ("answered", "Answered"),
                            ("failed", "Failed"),
                            ("stopped", "Stopped"),
                            ("lost", "The worker died; the provider may have billed it"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
                (
                    "cell",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tries", to="evals.experimentcell"
                    ),
                ),
            ],
            options={
                "db_table": "experiment_attempt",
            },
        ),
        migrations.CreateModel(
            name="ExperimentEvaluator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "evaluator_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evals.evaluatorversion"
                    ),
                ),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="evaluators", to="evals.experiment"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "experiment_evaluator",
            },
        ),
        migrations.AddField(
            model_name="experiment",
            name="evaluator_versions",
            field=models.ManyToManyField(
                related_name="+", through="evals.ExperimentEvaluator", to="evals.evaluatorversion"
            ),
        ),
        migrations.CreateModel(
            name="ExperimentScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.FloatField(blank=True, null=True)),
                ("passed", models.BooleanField(blank=True, null=True)),
                ("why", models.TextField(blank=True, default="")),
                ("error", models.TextField(blank=True, default="")),
                ("detail", models.JSONField(default=dict)),
                ("cost_nano_usd", models.BigIntegerField(default=0)),
                ("judge_model", models.CharField(blank=True, default="", max_length=120)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "cell",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scores", to="evals.experimentcell"
                    ),
                ),
                (
                    "evaluator_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evals.evaluatorversion"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "experiment_score",
            },
        ),
        migrations.CreateModel(
            name="CachedAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.BinaryField(max_length=32)),
                ("answer", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "cached_answer",
                "indexes": [models.Index(fields=["created_at"], name="cached_answer_age")],
                "constraints": [models.UniqueConstraint(fields=("project", "key"), name="cached_answer_unique")],
            },
        ),
        migrations.AddConstraint(
            model_name="evaluator",
            constraint=models.UniqueConstraint(fields=("project", "name"), name="evaluator_name_unique"),
        ),
        migrations.AddConstraint(
            model_name="evaluator",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="evaluator_in_project"),
        ),
        migrations.AddConstraint(
            model_name="evaluatorversion",
            constraint=models.UniqueConstraint(fields=("evaluator", "number"), name="evaluator_version_number_unique"),
        ),
        migrations.AddConstraint(
            model_name="evaluatorversion",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="evaluator_version_in_project"),
        ),
        migrations.AddIndex(
            model_name="experimentcell",
            index=models.Index(fields=["experiment", "state"], name="experiment_cell_progress"),
        ),
        migrations.AddIndex(
            model_name="experimentcell",
            index=models.Index(
                condition=models.Q(("state__in", ["ready", "answering", "answered", "judging"])),
                fields=["experiment", "-predicted_tokens", "item"],
                name="experiment_cell_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentcell",
            constraint=models.UniqueConstraint(
                fields=("experiment", "item", "column", "repetition"), name="experiment_cell_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentcell",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="experiment_cell_in_project"),
        ),
        migrations.AddConstraint(
            model_name="experimentcell",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["ready", "answering", "answered", "judging", "done", "failed", "skipped"])
                ),
                name="experiment_cell_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentattempt",
            constraint=models.UniqueConstraint(
                fields=("cell", "lease_token", "purpose", "step"), name="experiment_attempt_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentevaluator",
            constraint=models.UniqueConstraint(
                fields=("experiment", "evaluator_version"), name="experiment_evaluator_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentevaluator",
            constraint=models.UniqueConstraint(fields=("experiment", "position"), name="experiment_evaluator_position"),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(fields=["project", "-created_at"], name="experiment_newest"),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(fields=["prompt", "-created_at"], name="experiment_of_prompt"),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(condition=models.Q(("state", "running")), fields=["state"], name="experiment_running"),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="experiment_in_project"),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "paused", "done", "cancelled"])),
                name="experiment_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(("runs_in__in", ["workers", "code"])), name="experiment_runs_in_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(("repetitions__gte", 1)), name="experiment_repetitions_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentscore",
            constraint=models.UniqueConstraint(fields=("cell", "evaluator_version"), name="experiment_score_once"),
        ),
        migrations.AddConstraint(
            model_name="experimentscore",
            constraint=models.CheckConstraint(
                condition=models.Q(("value", None), ("error", ""), _connector="XOR"),
                name="experiment_score_value_or_error",
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentscore",
            constraint=models.CheckConstraint(
                condition=models.Q(("value", None), models.Q(("value__gte", 0), ("value__lte", 1)), _connector="OR"),
                name="experiment_score_value_in_range",
            ),
        ),
    ]
