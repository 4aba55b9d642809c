from django.db import models

from walletsvc.models.columns import MAX_CURRENCY_LENGTH
from walletsvc.models.wallet import Wallet
from walletsvc.money import DECIMAL_PLACES, MAX_DIGITS


class ReportingWalletDay(models.Model):
    """A day of a wallet, in UTC: credits, debits (as a positive sum), and the balance at its end.

    A view created by Alembic (`alembic/versions/0003_reporting_wallet_day.py`). On SQLite its sums are 8-byte reals,
    exact to 15 digits.
    """

    id = models.CharField(max_length=64, primary_key=True)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH)
    credits = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    debits = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    closing_balance = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    class Meta:
        managed = False
        db_table = "reporting_wallet_day"

    def __str__(self) -> str:
        return self.id
