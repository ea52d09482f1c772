from django.db import migrations, models
from pgvector.django import HalfVectorField


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0016_rates_over_time")]
    operations = [
        migrations.AddField("cluster", "named_for", HalfVectorField(null=True)),
        migrations.AddField("clusteringrun", "flagged_at", models.DateTimeField(null=True)),
    ]
