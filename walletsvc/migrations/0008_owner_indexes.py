from django.db import migrations, models

INDEXES = (
    ('wallet', 'wallet_owner', ['owner']),
    ('wallet', 'wallet_owner_created_at', ['owner', 'created_at']),
    ('wallet', 'wallet_owner_balance', ['owner', 'balance']),
    ('wallet', 'wallet_owner_currency', ['owner', 'currency']),
    ('wallet', 'wallet_label', ['label']),
    ('transaction', 'transaction_owner', ['owner']),
    ('transaction', 'transaction_owner_created_at', ['owner', 'created_at']),
    ('transaction', 'transaction_owner_amount', ['owner', 'amount']),
    ('transaction', 'transaction_txid', ['txid']),
    ('entry', 'entry_owner', ['owner']),
)
UNIQUE = (
    ('wallet', 'wallet_owner_label_unique', ('owner', 'label')),
    ('transaction', 'transaction_owner_txid_unique', ('owner', 'txid')),
)


class Migration(migrations.Migration):
    """Let lists of one owner read an index that begins with it, and names be unique within an owner.

    MariaDB and MySQL make each index while others write ("Online DDL").
    """

    dependencies = [
        ('walletsvc', '0007_adopt_transactions'),
    ]

    operations = [
        *(
            migrations.AddIndex(model_name=model, index=models.Index(fields=fields, name=name))
            for model, name, fields in INDEXES
        ),
        *(
            migrations.AddConstraint(
                model_name=model, constraint=models.UniqueConstraint(fields=fields, name=name)
            )
            for model, name, fields in UNIQUE
        ),
    ]
