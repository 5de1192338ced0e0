from django.db import migrations


class Migration(migrations.Migration):
    """The table of Django's database cache (CACHES in the settings), as `createcachetable` would make it."""

    dependencies = [("accounts", "0002_tokens_and_first_administrator")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE accounts_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX accounts_cache_expires ON accounts_cache (expires);
            """,
            "DROP TABLE accounts_cache",
        ),
    ]
