from django.contrib.postgres.indexes import GistIndex
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import cgr.registry.models
from cgr.core.geometry import bounds

# What a label is found by: the words of all its texts in all languages and periods, in small letters without accents;
# `core/search_words.py` folds what is searched for in the same way. Nearly all labels are plain, and an import writes
# hundreds of thousands, hence two ways.
LETTERS = "àáâãäåāăąçćčďđèéêëēėęěğìíîïīįıłñńňòóôõöøōőřśşšťùúûüūůűýÿźżž"
PLAIN = "aaaaaaaaacccddeeeeeeeegiiiiiiilnnnoooooooorssstuuuuuuuyyzzz"
MARKS = "/._-+&@#%=°º’‘“”–—'"
TEXTS = "jsonb_path_query_array(labels, '$[*].value')"
WORDS = f"""
create function registry_words(labels jsonb) returns tsvector language sql immutable parallel safe as $body$
    select case when {TEXTS}::text ~ '^[][{{}}",: a-zA-Z0-9()]*$'
    then jsonb_to_tsvector('pg_catalog.simple', {TEXTS}, '["string"]')
    else jsonb_to_tsvector('pg_catalog.simple', translate(
        replace(replace(lower({TEXTS}::text), 'œ', 'oe'), 'æ', 'ae'),
        $of${LETTERS}{MARKS}$of$, $of${PLAIN}{" " * len(MARKS)}$of$
    )::jsonb, '["string"]') end
$body$
"""


def fill_boxes(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 - what Django gives
    """Give each geometry that there is its box."""
    with schema_editor.connection.cursor() as cursor:
        last = 0
        while True:
            cursor.execute("select id, wkb from registry_geometryversion where id > %s order by id limit 5000", [last])
            rows = cursor.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            boxes = [(key, *bounds(bytes(wkb))) for key, wkb in rows]
            cursor.execute(
                "update registry_geometryversion g set box = box(point(b.east, b.north), point(b.west, b.south))"
                " from unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[], %s::float8[])"
                " as b (id, west, south, east, north) where g.id = b.id",
                [list(column) for column in zip(*boxes, strict=True)],
            )


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="geoobjecttype",
            name="revision",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="geometryversion",
            name="box",
            field=cgr.registry.models.BoxField(null=True),
        ),
        migrations.RunPython(fill_boxes, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="geometryversion",
            name="box",
            field=cgr.registry.models.BoxField(),
        ),
        migrations.AddIndex(
            model_name="geometryversion",
            index=GistIndex(fields=["box"], name="geometry_by_place"),
        ),
        migrations.AddIndex(
            model_name="externalid",
            index=models.Index(fields=["value"], opclasses=["varchar_pattern_ops"], name="id_by_beginning"),
        ),
        migrations.RunSQL(WORDS, "drop function registry_words(jsonb)"),
        migrations.RunSQL(
            # New rows wait in a list for autovacuum, up to 32 MB, which costs an import a third of sorting them in.
            "create index object_by_words on registry_geoobject using gin (registry_words(label))"
            " with (gin_pending_list_limit = 32768)",
            "drop index object_by_words",
        ),
    ]
