from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "benchmarks.peers.stock"
    label = "stock"
