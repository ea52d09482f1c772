from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0015_issue_cycle")]
    operations = [
        # Calls are written in the order in which they are looked at, so a few bytes for each stretch of the table tell where the
        # newest are; who counts the hours that changed reads those alone.
        migrations.RunSQL(
            "CREATE INDEX call_analysis_analysed ON call_analysis USING brin (analysed_at) "
            "WITH (pages_per_range = 32, autosummarize = on)",
            reverse_sql="DROP INDEX call_analysis_analysed",
        ),
    ]
