from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.routers import DefaultRouter
from strawberry.django.views import GraphQLView

from benchmarks.peers.stock.rest import TransactionViewSet, WalletViewSet
from benchmarks.peers.stock.schema import schema

router = DefaultRouter()
router.register("wallets", WalletViewSet)
router.register("transactions", TransactionViewSet)

urlpatterns = [
    path("api/", include(router.urls)),
    path("graphql/", csrf_exempt(GraphQLView.as_view(schema=schema, graphql_ide=None))),
]
