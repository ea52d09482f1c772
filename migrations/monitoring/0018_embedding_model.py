from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0017_clusters")]

    operations = [
        migrations.AddField("analysissettings", "embedding_dimensions", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("analysissettings", "embedding_version", models.CharField(default="", max_length=40)),
        migrations.AddField("analysissettings", "embedding_problem", models.TextField(default="")),
    ]
