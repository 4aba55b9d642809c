from django.db import migrations, models


class Migration(migrations.Migration):
    """Say of each transaction and entry whose it is; a server that does not know of it writes nobody's."""

    dependencies = [
        ('walletsvc', '0005_cache_state'),
    ]

    operations = [
        migrations.AddField(
            model_name=model,
            name='owner',
            field=models.CharField(blank=True, db_default='', default='', max_length=255),
        )
        for model in ('transaction', 'entry')
    ]
