from django.db import migrations, models


class Migration(migrations.Migration):
    """Store what the callers of an owner read as the principal of an entry.

    Existing rows get the default, at once on MariaDB and MySQL ("Instant ADD COLUMN"), and so do those of older
    servers: who wrote them for an owner is not known.
    """

    dependencies = [
        ('walletsvc', '0010_access_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='entry',
            name='shown_principal',
            field=models.CharField(db_default='operator', default='operator', max_length=255),
        ),
    ]
