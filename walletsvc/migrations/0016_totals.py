from django.db import migrations, models, transaction

from walletsvc.ledger.totals import correct_totals

TABLE = 'walletsvc_transactioncount'
ADDED = {'currency': "''", 'received': '0', 'paid': '0'}


def total():
    return models.DecimalField(db_default=0, decimal_places=18, default=0, max_digits=65)


def add_columns(apps, schema_editor):
    """Add the columns to the table, which keeps its name: older servers go on adding to its parts.

    They write no currency, so their parts are those without one. SQLite keeps its primary key, because their statement
    names it, and because there all parts are without a currency.
    """
    fields = apps.get_model('walletsvc', 'Total')._meta
    types = {name: fields.get_field(name).db_type(schema_editor.connection) for name in ADDED}
    columns = [f"ADD COLUMN {name} {types[name]} NOT NULL DEFAULT {default}" for name, default in ADDED.items()]
    if schema_editor.connection.vendor == 'mysql':
        # One statement, so that it can be run again if it fails. There are a few dozen rows.
        keys = ['DROP PRIMARY KEY', 'ADD PRIMARY KEY (part, currency)']
        schema_editor.execute(f"ALTER TABLE {TABLE} {', '.join([*columns, *keys])}")
        return
    for column in columns:
        schema_editor.execute(f'ALTER TABLE {TABLE} {column}')


def remove_columns(apps, schema_editor):
    """Remove the columns, and let each part have one row again."""
    if schema_editor.connection.vendor == 'mysql':
        schema_editor.execute(
            'INSERT INTO walletsvc_transactioncount (part, count) SELECT * FROM (SELECT part, SUM(count) AS added'
            " FROM walletsvc_transactioncount WHERE currency <> '' GROUP BY part) AS others ON DUPLICATE KEY UPDATE count = count + added"
        )
        schema_editor.execute(f"DELETE FROM {TABLE} WHERE currency <> ''")
        keys = ['DROP PRIMARY KEY', 'ADD PRIMARY KEY (part)']
        columns = [f'DROP COLUMN {name}' for name in ADDED]
        schema_editor.execute(f"ALTER TABLE {TABLE} {', '.join([*keys, *columns])}")
        return
    for name in ADDED:
        schema_editor.execute(f'ALTER TABLE {TABLE} DROP COLUMN {name}')


def fill_sums(_apps, schema_editor):
    """Compute what was received and paid so far.

    What older servers write meanwhile and later is missing: `manage.py reconcile --recount` adds it.
    """
    if schema_editor.connection.vendor == 'mysql':
        with transaction.atomic():
            correct_totals()


class Migration(migrations.Migration):
    """Turn the counts of all transactions into totals by currency, with what was received and paid."""

    atomic = False

    dependencies = [
        ('walletsvc', '0015_available'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name='TransactionCount'),
                migrations.CreateModel(
                    name='Total',
                    fields=[
                        ('pk', models.CompositePrimaryKey('part', 'currency', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('part', models.PositiveSmallIntegerField()),
                        ('currency', models.CharField(blank=True, db_default='', default='', max_length=16)),
                        ('count', models.BigIntegerField(default=0)),
                        ('received', total()),
                        ('paid', total()),
                    ],
                    options={'db_table': TABLE},
                ),
            ],
        ),
        migrations.RunPython(add_columns, remove_columns),
        migrations.RunPython(fill_sums, migrations.RunPython.noop, elidable=False),
    ]
