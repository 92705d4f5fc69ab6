"""The API's addresses: version 1 of everything, its OpenAPI document, and a page to read it."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

import accounts.api.roster
import actions.api.views
import knowledgebase.api.views
import reports.api.views
from accounts.api.tokens import CurrentTokenView, TokensView
from config.api_docs import api_docs
from escalations.api.bulk import BulkActionViewSet
from escalations.api.saved_views import SavedViewViewSet
from escalations.api.search import SearchView
from escalations.api.views import CategoryViewSet, CustomerViewSet, TicketViewSet

router = SimpleRouter()
router.register("tickets", TicketViewSet, basename="api-ticket")
router.register("bulk-actions", BulkActionViewSet, basename="api-bulk-action")
router.register("views", SavedViewViewSet, basename="api-view")
router.register("customers", CustomerViewSet, basename="api-customer")
router.register("categories", CategoryViewSet, basename="api-category")
accounts.api.roster.register(router)
actions.api.views.register(router)
knowledgebase.api.views.register(router)
reports.api.views.register(router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(router.urls)),
    path("v1/search/", SearchView.as_view(), name="api-search"),
    path("v1/tokens/", TokensView.as_view(), name="api-tokens"),
    path("v1/tokens/current/", CurrentTokenView.as_view(), name="api-token-current"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", api_docs, name="api-docs"),
]
