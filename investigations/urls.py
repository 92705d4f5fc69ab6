"""The addresses of investigations."""

from django.urls import path

from investigations.views import integrations, lines, logs, runbooks, sources

urlpatterns = [
    path("tickets/<str:reference>/logs/", logs.logs, name="logs"),
    path("tickets/<str:reference>/logs/lines/", lines.log_lines, name="log_lines"),
    path("tickets/<str:reference>/logs/evidence/", lines.log_evidence, name="log_evidence"),
    path("tickets/<str:reference>/logs/<int:number>/", logs.log, name="log"),
    path("tickets/<str:reference>/logs/<int:number>/cancel/", logs.cancel_log, name="cancel_log"),
    path("tickets/<str:reference>/logs/<int:number>/normal/", logs.set_log_normal, name="set_log_normal"),
    path("tickets/<str:reference>/logs/<int:number>/issue/", logs.link_log_template, name="link_log_template"),
    path("tickets/<str:reference>/logs/<int:number>/remove/", sources.remove_log, name="remove_log"),
    path("tickets/<str:reference>/logs/fetch/", sources.fetch_log, name="fetch_log"),
    path("tickets/<str:reference>/integration/", integrations.new_integration, name="new_integration"),
    path("integrations/", integrations.failing_integrations, name="failing_integrations"),
    path("integrations/<int:number>/", integrations.integration_page, name="integration"),
    path("integrations/<int:number>/edit/", integrations.edit_integration, name="edit_integration"),
    path("integrations/<int:number>/faults/", integrations.add_fault, name="add_version_fault"),
    path("integrations/faults/<int:number>/remove/", integrations.remove_fault, name="remove_version_fault"),
    path("integrations/<int:number>/checklist/", integrations.start_checklist, name="start_checklist"),
    path("integrations/checklists/<int:number>/step/", integrations.mark_step, name="mark_step"),
    path("integrations/checklists/<int:number>/message/", integrations.send_checklist, name="send_checklist"),
    path("integrations/<int:number>/recheck/", integrations.start_recheck, name="start_recheck"),
    path("integrations/rechecks/<int:number>/stop/", integrations.stop_recheck, name="stop_recheck"),
    path("checklist/<str:token>/", runbooks.customer_checklist, name="customer_checklist"),
    path("setup/runbooks/", runbooks.runbook_list, name="runbooks"),
    path("setup/runbooks/<slug:plugin>/<slug:language>/", runbooks.edit_runbook, name="edit_runbook"),
    path("setup/log-sources/", sources.log_source_list, name="log_sources"),
    path("setup/log-sources/new/", sources.edit_log_source, name="new_log_source"),
    path("setup/log-sources/<int:number>/", sources.edit_log_source, name="edit_log_source"),
]
