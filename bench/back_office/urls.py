"""The addresses of docs/back_office.md."""

from django.urls import path

from bench.back_office import views

urlpatterns = [
    path("operations/", views.operate),
    path("operations/<str:key>", views.operation),
    path("accounts/<str:reference>", views.account),
    path("accounts/<str:reference>/transactions", views.transactions),
    path("accounts/<str:reference>/points", views.points),
    path("accounts/<str:reference>/deliveries", views.deliveries),
    path("accounts/<str:reference>/bans", views.bans),
]
