"""The API of this app alone."""

from rest_framework.routers import DefaultRouter

from config.urls import urlpatterns as pages
from knowledgebase.api import views

router = DefaultRouter()
views.register(router)
urlpatterns = [*router.urls, *pages]
