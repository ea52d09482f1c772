from django.db import migrations

# The index holds the calls of rollouts alone, so other calls cost nothing more than before.
_FORWARD = """
ALTER TABLE span ADD COLUMN unit_bucket bigint;
CREATE INDEX span_rollout ON span (project_id, rollout_id, sort_at) WHERE rollout_id IS NOT NULL;
"""
_BACK = """
DROP INDEX span_rollout;
ALTER TABLE span DROP COLUMN unit_bucket;
"""


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0008_repricing")]
    operations = [migrations.RunSQL(_FORWARD, _BACK)]
