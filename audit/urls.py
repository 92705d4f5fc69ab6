"""The trail's pages."""

from django.urls import path

from audit import views

urlpatterns = [
    path("audit/", views.audit_trail, name="audit_trail"),
    path("audit/<int:number>/", views.audit_entry, name="audit_entry"),
    path("audit/export.csv", views.audit_csv, name="audit_csv"),
    path("audit/export.jsonl", views.audit_jsonl, name="audit_jsonl"),
    path("audit/check/", views.check_audit, name="check_audit"),
]
