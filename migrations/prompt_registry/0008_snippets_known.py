import re

from django.db import migrations

_TAG = re.compile(r"@@@langfusePrompt:([^@\n]{1,400})@@@")


def _record_what_is_there(apps, schema_editor):
    """Write down the snippets of versions that were saved before there was a table for them."""
    dependency, version = (apps.get_model("prompt_registry", name) for name in ("PromptDependency", "PromptVersion"))
    holders = version.objects.extra(where=["text || messages::text LIKE '%%@@@langfusePrompt:%%'"])
    for row in holders.iterator(chunk_size=200):
        written = [row.text, *(message.get("content") or "" for message in row.messages)]
        named = {reference for text in written for match in _TAG.finditer(text) if (reference := _read(match[1]))}
        dependency.objects.bulk_create(
            dependency(
                project_id=row.project_id, prompt_id=row.prompt_id, version_id=row.pk, snippet_name=name,
                snippet_label=label, snippet_version=number,
            )
            for name, label, number in sorted(named)
        )  # fmt: skip


def _read(inner):
    fields = dict(part.partition("=")[::2] for part in inner.split("|"))
    name, number, label = (fields.get(key, "").strip() for key in ("name", "version", "label"))
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    if not 0 < len(name) <= 255 or bool(number) == bool(label) or len(label) > 36 or (number and not is_number):
        return None
    return name, label, int(number or 0)


class Migration(migrations.Migration):
    # Apart from the table: rows that were just written would keep the database from adding its constraints.
    dependencies = [("prompt_registry", "0007_snippets")]
    operations = [migrations.RunPython(_record_what_is_there, migrations.RunPython.noop, elidable=True)]
