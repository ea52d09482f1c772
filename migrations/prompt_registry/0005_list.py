from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from migrations.postgres import sql_file

SQL = Path(__file__).parent / "sql"
REMOVE = """
DROP TRIGGER prompt_text_of_version ON prompt_version;
DROP TRIGGER prompt_text_of_label ON prompt_label;
DROP FUNCTION prompt_text_follow();
DROP TABLE prompt_text;
DROP FUNCTION prompt_text_renew(bigint);
DROP FUNCTION prompt_words(text);
"""


class Migration(migrations.Migration):
    dependencies = [("prompt_registry", "0004_files")]
    operations = [
        migrations.AddField(
            model_name="prompt",
            name="moved_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="moved_from",
                to="prompt_registry.prompt",
            ),
        ),
        migrations.AddIndex(
            model_name="promptversion",
            index=models.Index(fields=["author", "prompt"], name="prompt_version_by_author"),
        ),
        sql_file(SQL / "prompt_text.sql", reverse=REMOVE),
    ]
