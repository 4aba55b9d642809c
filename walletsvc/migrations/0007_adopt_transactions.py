from django.db import migrations

from walletsvc.ledger.adoption import adopt_transactions


class Migration(migrations.Migration):
    """Give the transactions of owned wallets their owner, in short transactions that follow each other.

    Entries wait for Alembic's revision 0004, whose trigger lets them, and for `manage.py setup_database`.
    """

    atomic = False
    dependencies = [
        ('walletsvc', '0006_owner'),
    ]

    operations = [
        migrations.RunPython(lambda _apps, _editor: adopt_transactions(), migrations.RunPython.noop),
    ]
