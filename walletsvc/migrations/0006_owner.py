from django.db import migrations, models


class Migration(migrations.Migration):
    """Store the owner of each transaction and entry; an older server writes rows without one."""

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
