from django.apps import AppConfig


class WalletsvcConfig(AppConfig):
    """The domain."""

    name = "walletsvc"
    verbose_name = "Wallet service"

    def ready(self) -> None:
        from walletsvc import engines
        from walletsvc.server import checks

        checks.register()
        engines.prepare_connections()
