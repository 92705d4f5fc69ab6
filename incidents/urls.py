"""The addresses of security incidents, sweeps, and formats of own numbers."""

from django.urls import path

from incidents.views import incidents, own_numbers, sweeps

urlpatterns = [
    path("incidents/", incidents.incident_list, name="incidents"),
    path("incidents/open/", incidents.open_count, name="open_incidents"),
    path("incidents/<int:number>/", incidents.incident, name="incident"),
    path("incidents/sweeps/", sweeps.sweep_list, name="sweeps"),
    path("incidents/sweeps/start/", sweeps.start, name="start_sweep"),
    path("setup/own-numbers/", own_numbers.own_numbers, name="own_numbers"),
    path("setup/own-numbers/new/", own_numbers.edit, name="new_own_number"),
    path("setup/own-numbers/<int:place>/", own_numbers.edit, name="edit_own_number"),
    path("setup/own-numbers/<int:place>/withdraw/", own_numbers.withdraw, name="withdraw_own_number"),
]
