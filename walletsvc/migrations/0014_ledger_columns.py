import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Abs

from walletsvc.db.checked_field import AddCheckedField
from walletsvc.models.columns import FixedBytesField

KINDS = (
    'opening', 'post', 'amend', 'delete', 'move_out', 'move_in', 'transfer_out', 'transfer_in',
    'hold', 'capture', 'release', 'expire', 'adjust', 'reversal', 'settings',
)
STATES = ('active', 'frozen', 'closed')


def amount():
    return models.DecimalField(db_default=0, decimal_places=18, default=0, max_digits=38)


def reference(to, related_name):
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=related_name,
        to=to,
    )


class Migration(migrations.Migration):
    """Add what wallets, transactions and entries know of floors, holds, transfers and reversals.

    All columns have defaults, so that older servers go on writing. No table is copied on MariaDB and MySQL for a
    column ("Instant ADD COLUMN"); indexes are made while others write ("Online DDL").
    """

    dependencies = [
        ('walletsvc', '0013_transfers_holds_keys'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='wallet', name='wallet_balance_not_negative'),
        migrations.RemoveConstraint(model_name='entry', name='entry_amount_not_zero'),
        migrations.RemoveConstraint(model_name='entry', name='entry_balance_after_not_negative'),
        migrations.RemoveConstraint(model_name='entry', name='entry_kind_known'),
        migrations.RemoveConstraint(model_name='entry', name='entry_transaction_unless_opening'),
        AddCheckedField(
            'wallet',
            'held',
            amount(),
            check=models.CheckConstraint(condition=Q(held__gte=0), name='wallet_held_not_negative'),
        ),
        migrations.AddField(model_name='wallet', name='floor', field=amount()),
        AddCheckedField(
            'wallet',
            'available',
            amount(),
            check=models.CheckConstraint(condition=Q(available__gte=0), name='wallet_available_not_negative'),
        ),
        AddCheckedField(
            'wallet',
            'state',
            models.CharField(
                choices=[(state, state.title()) for state in STATES],
                db_default='active',
                default='active',
                max_length=8,
            ),
            check=models.CheckConstraint(condition=Q(state__in=list(STATES)), name='wallet_state_known'),
        ),
        migrations.AddField(model_name='wallet', name='next_expiry', field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name='transaction', name='transfer', field=reference('walletsvc.transfer', 'legs')
        ),
        migrations.AddField(model_name='transaction', name='hold', field=reference('walletsvc.hold', 'captures')),
        migrations.AddField(
            model_name='transaction', name='reversal_of', field=reference('walletsvc.transaction', 'reversals')
        ),
        AddCheckedField(
            'transaction',
            'reversed',
            amount(),
            check=models.CheckConstraint(
                condition=Q(reversed__gte=0) & Q(reversed__lte=Abs(F('amount'))), name='transaction_reversed_in_part'
            ),
        ),
        migrations.AddField(
            model_name='transaction', name='fingerprint', field=FixedBytesField(max_length=16, null=True)
        ),
        migrations.AddIndex(
            model_name='transaction', index=models.Index(fields=['transfer'], name='transaction_transfer')
        ),
        migrations.AddIndex(model_name='transaction', index=models.Index(fields=['hold'], name='transaction_hold')),
        migrations.AddIndex(
            model_name='transaction', index=models.Index(fields=['reversal_of'], name='transaction_reversal_of')
        ),
        migrations.AlterField(
            model_name='entry',
            name='kind',
            field=models.CharField(
                choices=[(kind, kind.replace('_', ' ').title()) for kind in KINDS], max_length=16
            ),
        ),
        AddCheckedField(
            'entry',
            'held',
            amount(),
            check=models.CheckConstraint(
                condition=~Q(amount=0) | ~Q(held=0) | Q(kind='settings'), name='entry_changes_something'
            ),
        ),
        AddCheckedField(
            'entry',
            'held_after',
            amount(),
            check=models.CheckConstraint(condition=Q(held_after__gte=0), name='entry_held_after_not_negative'),
        ),
        AddCheckedField(
            'entry',
            'hold',
            reference('walletsvc.hold', '+'),
            check=models.CheckConstraint(
                condition=Q(kind__in=('opening', 'settings'), transaction=None, txid='')
                | (Q(kind__in=('hold', 'release', 'expire', 'adjust'), transaction=None, hold__isnull=False) & ~Q(txid=''))
                | (
                    Q(
                        kind__in=(
                            'post', 'amend', 'delete', 'move_out', 'move_in', 'transfer_out', 'transfer_in',
                            'capture', 'reversal',
                        ),
                        transaction__isnull=False,
                    )
                    & ~Q(txid='')
                ),
                name='entry_transaction_by_kind',
            ),
        ),
        migrations.AddField(
            model_name='entry', name='detail', field=models.JSONField(blank=True, db_default={}, default=dict)
        ),
    ]
