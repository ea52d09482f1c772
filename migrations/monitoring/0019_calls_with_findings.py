from django.db import migrations

# What another threshold would change is read from the findings of some days: few calls have any.
INDEX = "CREATE INDEX call_analysis_found ON call_analysis (project_id, call_at) WHERE findings IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0018_embedding_model")]
    operations = [migrations.RunSQL(INDEX, reverse_sql="DROP INDEX call_analysis_found")]
