"""The addresses of figures and trends."""

from django.urls import path

from reports.views import behind, dashboard, forecast, improvements, partners, reopening, simulator, trends

urlpatterns = [
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/tickets/", behind.figure_tickets, name="figure_tickets"),
    path("dashboard/<slug:table>.csv", dashboard.dashboard_csv, name="dashboard_csv"),
    path("improvements/", improvements.improvement_list, name="improvements"),
    path("improvements/new/", improvements.edit_improvement, name="new_improvement"),
    path("improvements/<int:pk>/", improvements.improvement, name="improvement"),
    path("improvements/<int:pk>/edit/", improvements.edit_improvement, name="edit_improvement"),
    path("improvements/<int:pk>/take/", improvements.take_improvement, name="take_improvement"),
    path("improvements/<int:pk>/<slug:verb>/", improvements.step_improvement, name="step_improvement"),
    path("partner-answers/", partners.partner_answers, name="partner_answers"),
    path("partner-answers/table.csv", partners.partner_answers_csv, name="partner_answers_csv"),
    path("reopen-rates/", reopening.reopen_rates, name="reopen_rates"),
    path("reopen-rates/table.csv", reopening.reopen_rates_csv, name="reopen_rates_csv"),
    path("reopen-rates/<int:cause>/", reopening.reopen_rate, name="reopen_rate"),
    path("forecast/", forecast.forecast, name="forecast"),
    path("trends/", trends.trend_list, name="trend_list"),
    path("trends/<int:pk>/", trends.trend, name="trend"),
    path("trends/<int:pk>/dismiss/", trends.trend_dismiss, name="trend_dismiss"),
    path("simulator/", simulator.simulator, name="simulator"),
    path("simulator/<int:pk>/", simulator.simulation, name="simulation"),
    path("simulator/<int:pk>/cancel/", simulator.simulation_cancel, name="simulation_cancel"),
    path("simulator/<int:pk>/<slug:table>.csv", simulator.simulation_csv, name="simulation_csv"),
]
