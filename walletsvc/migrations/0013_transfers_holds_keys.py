import django.db.models.deletion
from django.db import migrations, models

import walletsvc.models.columns


class Migration(migrations.Migration):
    """Make the tables of transfers, of holds and of keys that make a request repeatable."""

    dependencies = [
        ('walletsvc', '0012_apikey_limit'),
    ]

    operations = [
        migrations.CreateModel(
            name='Transfer',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.CharField(max_length=255)),
                ('owner', models.CharField(blank=True, default='', max_length=255)),
                ('description', models.CharField(blank=True, default='', max_length=1000)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('external', models.JSONField(blank=True, default=dict)),
                ('reversal_of', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='reversals', to='walletsvc.transfer')),
                ('fingerprint', walletsvc.models.columns.FixedBytesField(max_length=16)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['txid'], name='transfer_txid'), models.Index(fields=['created_at'], name='transfer_created_at'), models.Index(fields=['owner'], name='transfer_owner'), models.Index(fields=['owner', 'created_at'], name='transfer_owner_created_at')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'txid'), name='transfer_owner_txid_unique'), models.CheckConstraint(condition=models.Q(('txid', ''), _negated=True), name='transfer_txid_not_blank')],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.CharField(max_length=255)),
                ('wallet', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='walletsvc.wallet')),
                ('destination', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='walletsvc.wallet')),
                ('amount', models.DecimalField(decimal_places=18, max_digits=38)),
                ('captured', models.DecimalField(db_default=0, decimal_places=18, default=0, max_digits=38)),
                ('released', models.DecimalField(db_default=0, decimal_places=18, default=0, max_digits=38)),
                ('remaining', models.DecimalField(decimal_places=18, max_digits=38)),
                ('currency', models.CharField(max_length=16)),
                ('owner', models.CharField(blank=True, default='', max_length=255)),
                ('state', models.CharField(choices=[('open', 'Open'), ('captured', 'Captured'), ('released', 'Released'), ('expired', 'Expired')], default='open', max_length=8)),
                ('expires_at', models.DateTimeField(null=True)),
                ('description', models.CharField(blank=True, default='', max_length=1000)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('fingerprint', walletsvc.models.columns.FixedBytesField(max_length=16)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['txid'], name='hold_txid'), models.Index(fields=['created_at'], name='hold_created_at'), models.Index(fields=['owner'], name='hold_owner'), models.Index(fields=['owner', 'created_at'], name='hold_owner_created_at'), models.Index(fields=['wallet'], name='hold_wallet'), models.Index(fields=['wallet', 'created_at'], name='hold_wallet_created_at'), models.Index(fields=['wallet', 'state', 'expires_at'], name='hold_wallet_state_expires_at'), models.Index(fields=['state', 'expires_at'], name='hold_state_expires_at')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'txid'), name='hold_owner_txid_unique'), models.CheckConstraint(condition=models.Q(('txid', ''), _negated=True), name='hold_txid_not_blank'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='hold_amount_positive'), models.CheckConstraint(condition=models.Q(('captured__gte', 0)), name='hold_captured_not_negative'), models.CheckConstraint(condition=models.Q(('released__gte', 0)), name='hold_released_not_negative'), models.CheckConstraint(condition=models.Q(('remaining__gte', 0)), name='hold_remaining_not_negative'), models.CheckConstraint(condition=models.Q(('state__in', ['open', 'captured', 'released', 'expired'])), name='hold_state_known')],
            },
        ),
        migrations.CreateModel(
            name='ReplayKey',
            fields=[
                ('hash', walletsvc.models.columns.FixedBytesField(max_length=32, primary_key=True, serialize=False)),
                ('fingerprint', walletsvc.models.columns.FixedBytesField(max_length=16)),
                ('kind', models.CharField(max_length=32)),
                ('target', models.BigIntegerField(null=True)),
                ('results', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='replaykey_created_at')],
            },
        ),
    ]
