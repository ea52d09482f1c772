import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0011_online"),
    ]

    operations = [
        migrations.AddField(
            model_name="onlineevaluation",
            name="lease_token",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="onlineevaluation",
            name="spent_nano_usd",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="onlineevaluation",
            name="spent_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="experiment",
            name="dataset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT, related_name="experiments", to="evals.dataset"
            ),
        ),
        migrations.AlterField(
            model_name="experimentcell",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="evals.datasetitem"
            ),
        ),
        migrations.AlterField(
            model_name="experimentdisagreement",
            name="evaluator_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="evals.evaluatorversion"
            ),
        ),
        migrations.AlterField(
            model_name="experimentevaluator",
            name="evaluator_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="evals.evaluatorversion"
            ),
        ),
        migrations.AlterField(
            model_name="experimentscore",
            name="evaluator_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="evals.evaluatorversion"
            ),
        ),
        migrations.AlterField(
            model_name="onlineevaluation",
            name="evaluator_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="evals.evaluatorversion"
            ),
        ),
        migrations.AlterField(
            model_name="onlinejudgement",
            name="evaluator_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="evals.evaluatorversion"
            ),
        ),
    ]
