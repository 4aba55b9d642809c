from django.db import migrations, models
from django.db.models.functions import Coalesce


def count_transactions(apps, schema_editor):
    """Set the counter of every wallet in one UPDATE; the index of (wallet, created_at) counts."""
    wallets = apps.get_model('walletsvc', 'Wallet').objects
    transactions = apps.get_model('walletsvc', 'Transaction').objects.filter(wallet=models.OuterRef('id'))
    counted = transactions.order_by().values('wallet').annotate(count=models.Count('id')).values('count')
    wallets.update(transaction_count=Coalesce(models.Subquery(counted), 0))


class Migration(migrations.Migration):

    dependencies = [
        ('walletsvc', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='wallet',
            name='transaction_count',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunPython(count_transactions, migrations.RunPython.noop),
    ]
