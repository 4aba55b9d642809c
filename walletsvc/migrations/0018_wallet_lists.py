from django.db import migrations, models


class Migration(migrations.Migration):
    """Let all wallets be listed by currency, and those of a state. A post changes neither, so it pays nothing.

    MariaDB and MySQL make each index while others write ("Online DDL").
    """

    dependencies = [
        ('walletsvc', '0017_reconciliation'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='wallet',
            index=models.Index(fields=['currency'], name='wallet_of_currency'),
        ),
        migrations.AddIndex(
            model_name='wallet',
            index=models.Index(fields=['state'], name='wallet_state'),
        ),
    ]
