from django.apps import AppConfig


class WalletsvcConfig(AppConfig):
    """The domain."""

    name = "walletsvc"
    verbose_name = "Wallet service"

    def ready(self) -> None:
        from walletsvc import checks, engines

        checks.register()
        engines.prepare_connections()
