"""The addresses of compliance reviews."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
