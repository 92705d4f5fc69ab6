"""The addresses of investigations."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
