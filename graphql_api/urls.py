from django.urls import re_path

from graphql_api.views import graphql

urlpatterns = [
    re_path(r"^$", graphql),
]
