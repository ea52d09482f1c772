from django.db import migrations

from migrations.postgres import composite_foreign_key


def _link(table: str, column: str, target: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table=table, name=f"{table}_{column}_in_project", columns=["project_id", column], target=target,
        target_columns=["project_id", "id"],
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0012_issues")]
    operations = [
        _link("cluster_link", "source_id", "cluster"),
        _link("cluster_link", "target_id", "cluster"),
        _link("issue", "merged_into_id", "issue"),
        _link("issue_scope", "issue_id", "issue"),
        _link("issue_scope", "cluster_id", "cluster"),
        _link("issue_event", "issue_id", "issue"),
    ]
