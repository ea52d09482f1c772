from django.db import migrations

from migrations.postgres import composite_foreign_key


def _link(table: str, column: str, target: str, name: str = "") -> migrations.RunSQL:
    return composite_foreign_key(
        table=table, name=name or f"{table}_of_{target}", columns=["project_id", column], target=target,
        target_columns=["project_id", "id"],
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("evals", "0008_reviews")]
    operations = [
        _link("review_queue", "experiment_id", "experiment"),
        _link("review_queue", "evaluator_version_id", "evaluator_version"),
        _link("review_question", "queue_id", "review_queue"),
        _link("review_item", "queue_id", "review_queue"),
        _link("review_item", "cell_id", "experiment_cell"),
        _link("review_item", "rival_cell_id", "experiment_cell", name="review_item_of_rival_cell"),
        _link("review_guest_link", "queue_id", "review_queue"),
        _link("reviewer", "queue_id", "review_queue"),
        _link("reviewer", "guest_link_id", "review_guest_link"),
        _link("review_claim", "item_id", "review_item"),
        _link("review_claim", "reviewer_id", "reviewer"),
        _link("review_answer", "item_id", "review_item"),
        _link("review_answer", "reviewer_id", "reviewer"),
    ]
