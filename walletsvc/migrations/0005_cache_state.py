from uuid import uuid4

from django.db import migrations, models


def create_row(apps, schema_editor):
    """Begin with an unused cache, and an identity that no other database has."""
    row = {'identity': uuid4().hex, 'generation': 1, 'suspended': False, 'instance': ''}
    apps.get_model('walletsvc', 'CacheState').objects.create(id=1, **row)


class Migration(migrations.Migration):

    dependencies = [
        ('walletsvc', '0004_transaction_wallet'),
    ]

    operations = [
        migrations.CreateModel(
            name='CacheState',
            fields=[
                ('id', models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ('identity', models.TextField()),
                ('generation', models.BigIntegerField()),
                ('suspended', models.BooleanField()),
                ('instance', models.TextField()),
            ],
        ),
        migrations.RunPython(create_row, migrations.RunPython.noop),
    ]
