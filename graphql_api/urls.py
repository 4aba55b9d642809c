from django.urls import re_path

from graphql_api.pages import asset
from graphql_api.views import graphql

urlpatterns = [
    re_path(r"^$", graphql),
    re_path(r"^assets/(?P<name>\w[\w.-]*)$", asset),
]
