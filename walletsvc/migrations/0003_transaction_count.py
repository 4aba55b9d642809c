from django.db import migrations, models


def count_transactions(apps, schema_editor):
    """Begin with one part that has them all."""
    count = apps.get_model('walletsvc', 'Transaction').objects.count()
    apps.get_model('walletsvc', 'TransactionCount').objects.create(part=0, count=count)


class Migration(migrations.Migration):

    dependencies = [
        ('walletsvc', '0002_wallet_transaction_count'),
    ]

    operations = [
        migrations.CreateModel(
            name='TransactionCount',
            fields=[
                ('part', models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ('count', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunPython(count_transactions, migrations.RunPython.noop),
    ]
