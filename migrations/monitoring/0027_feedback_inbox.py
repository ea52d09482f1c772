from pathlib import Path

from django.conf import settings
from django.db import migrations

from migrations.postgres import sql_file

REVERSE = """
DROP INDEX score_same_words;
DROP INDEX score_inbox;
DROP FUNCTION said_key(text, text, text);
ALTER TABLE score DROP COLUMN triage, DROP COLUMN triaged_by_id, DROP COLUMN triaged_at;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0026_invoices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [sql_file(Path(__file__).parent / "sql" / "feedback_inbox.sql", reverse=REVERSE)]
