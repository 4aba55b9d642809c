from django.db import migrations


class Migration(migrations.Migration):
    """Let two owners have the same names: uniqueness within an owner took effect before."""

    dependencies = [
        ('walletsvc', '0008_owner_indexes'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='wallet', name='wallet_label_unique'),
        migrations.RemoveConstraint(model_name='transaction', name='transaction_txid_unique'),
    ]
