"""The addresses of figures and trends."""

from django.urls import path

from reports.views import behind, dashboard, trends

urlpatterns = [
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/tickets/", behind.figure_tickets, name="figure_tickets"),
    path("dashboard/<slug:table>.csv", dashboard.dashboard_csv, name="dashboard_csv"),
    path("trends/", trends.trend_list, name="trend_list"),
    path("trends/<int:pk>/", trends.trend, name="trend"),
    path("trends/<int:pk>/dismiss/", trends.trend_dismiss, name="trend_dismiss"),
]
