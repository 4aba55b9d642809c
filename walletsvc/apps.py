from django.apps import AppConfig


class WalletsvcConfig(AppConfig):
    """The domain."""

    name = "walletsvc"
    verbose_name = "Wallet service"

    def ready(self) -> None:
        from walletsvc.db import dialect
        from walletsvc.server import checks

        checks.register()
        dialect.prepare_connections()
