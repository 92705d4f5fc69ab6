"""Every address of Secondline, by app."""

from django.contrib import admin
from django.urls import include, path

from config import health

handler400 = "config.refusals.bad_request"
handler403 = "config.refusals.permission_denied"
handler404 = "config.refusals.page_not_found"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/", include("config.api")),
    path("", include("audit.urls")),
    path("", include("accounts.urls")),
    path("", include("incidents.urls")),
    path("", include("knowledgebase.urls")),
    path("", include("escalations.urls")),
    path("", include("actions.urls")),
    path("", include("compliance.urls")),
    path("", include("investigations.urls")),
    path("", include("bugs.urls")),
    path("", include("reports.urls")),
]
