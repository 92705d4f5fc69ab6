"""The addresses of investigations."""

from django.urls import path

from investigations.views import lines, logs

urlpatterns = [
    path("tickets/<str:reference>/logs/", logs.logs, name="logs"),
    path("tickets/<str:reference>/logs/lines/", lines.log_lines, name="log_lines"),
    path("tickets/<str:reference>/logs/evidence/", lines.log_evidence, name="log_evidence"),
    path("tickets/<str:reference>/logs/<int:number>/", logs.log, name="log"),
    path("tickets/<str:reference>/logs/<int:number>/cancel/", logs.cancel_log, name="cancel_log"),
    path("tickets/<str:reference>/logs/<int:number>/normal/", logs.set_log_normal, name="set_log_normal"),
    path("tickets/<str:reference>/logs/<int:number>/issue/", logs.link_log_template, name="link_log_template"),
]
