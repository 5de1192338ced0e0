"""Plans stored before they were counted level by level are counted once; what needed nothing wasn't kept of them."""

from __future__ import annotations

from django.db import migrations

_COUNT = """
UPDATE runs_run AS run SET summary = run.summary || jsonb_build_object('levels', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'level', mapped.number, 'type', mapped.level->>'type', 'unchanged', NULL,
        'create', found.created, 'update', found.updated, 'move', found.moved, 'group', found.grouped,
        'problem', found.problems, 'units', found.units) ORDER BY mapped.number), '[]'::jsonb)
    FROM jsonb_array_elements(run.settings->'levels') WITH ORDINALITY AS mapped (level, number)
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE 'create' = ANY(kinds)) AS created,
            count(*) FILTER (WHERE 'update' = ANY(kinds)) AS updated,
            count(*) FILTER (WHERE 'move' = ANY(kinds)) AS moved,
            count(*) FILTER (WHERE 'group' = ANY(kinds)) AS grouped,
            count(*) FILTER (WHERE category = 'change' AND NOT 'create' = ANY(kinds)) AS units,
            count(DISTINCT object_key) FILTER (WHERE category = 'problem') AS problems
        FROM runs_runitem AS item WHERE item.run_id = run.id AND item.level = mapped.number
    ) AS found))
WHERE run.kind = 'sync' AND run.digest <> '' AND NOT run.summary ? 'levels' AND run.settings ? 'levels'
"""


class Migration(migrations.Migration):
    """Counts what is stored."""

    dependencies = [("runs", "0003_evidence_and_notices")]
    operations = [migrations.RunSQL(_COUNT, migrations.RunSQL.noop)]
