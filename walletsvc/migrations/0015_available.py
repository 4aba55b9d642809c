from django.db import migrations
from django.db.models import F, Max

WALLETS_AT_ONCE = 1000


def fill_available(apps, _schema_editor):
    """Set `available` of each wallet, a few in each short transaction. Nothing is held, and no floor set, before."""
    wallets = apps.get_model('walletsvc', 'Wallet').objects
    last = wallets.aggregate(Max('id'))['id__max'] or 0
    for start in range(0, last + 1, WALLETS_AT_ONCE):
        # An older server may set the balance meanwhile; `manage.py reconcile --recount` finds what it left behind.
        wallets.filter(id__gt=start, id__lte=start + WALLETS_AT_ONCE, held=0, floor=0).exclude(
            available=F('balance')
        ).update(available=F('balance'))


class Migration(migrations.Migration):
    """Compute what is available in each wallet."""

    atomic = False

    dependencies = [
        ('walletsvc', '0014_ledger_columns'),
    ]

    operations = [
        migrations.RunPython(fill_available, migrations.RunPython.noop, elidable=False),
    ]
