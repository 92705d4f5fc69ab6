"""The addresses of investigations."""

from django.urls import path

from investigations.views import console, customer_line, environments, lines, logs, lookup_setup, lookups, webhooks

urlpatterns = [
    path("tickets/<str:reference>/logs/", logs.logs, name="logs"),
    path("tickets/<str:reference>/logs/lines/", lines.log_lines, name="log_lines"),
    path("tickets/<str:reference>/logs/evidence/", lines.log_evidence, name="log_evidence"),
    path("tickets/<str:reference>/logs/<int:number>/", logs.log, name="log"),
    path("tickets/<str:reference>/logs/<int:number>/cancel/", logs.cancel_log, name="cancel_log"),
    path("tickets/<str:reference>/logs/<int:number>/normal/", logs.set_log_normal, name="set_log_normal"),
    path("tickets/<str:reference>/logs/<int:number>/issue/", logs.link_log_template, name="link_log_template"),
    path("tickets/<str:reference>/console/", console.api_console, name="api_console"),
    path("tickets/<str:reference>/console/<int:number>/", console.api_run, name="api_run"),
    path("tickets/<str:reference>/console/<int:number>/approve/", console.approve_run, name="approve_run"),
    path("tickets/<str:reference>/console/<int:number>/reject/", console.reject_run, name="reject_run"),
    path("tickets/<str:reference>/console/<int:number>/evidence/", console.run_evidence, name="run_evidence"),
    path("tickets/<str:reference>/webhooks/", webhooks.webhooks, name="webhooks"),
    path("tickets/<str:reference>/webhooks/open/", webhooks.open_webhook, name="open_webhook"),
    path("tickets/<str:reference>/webhooks/close/", webhooks.close_webhook, name="close_webhook"),
    path("tickets/<str:reference>/webhooks/signing/", webhooks.set_signing, name="set_signing"),
    path("tickets/<str:reference>/webhooks/<int:number>/", webhooks.webhook_delivery, name="webhook_delivery"),
    path(
        "tickets/<str:reference>/webhooks/<int:number>/evidence/",
        webhooks.delivery_evidence,
        name="delivery_evidence",
    ),
    path("hooks/<str:token>/", webhooks.receiver, name="webhook_receiver"),
    path("setup/environments/", environments.environment_list, name="environments"),
    path("setup/environments/new/", environments.new_environment, name="new_environment"),
    path("setup/environments/import/", environments.import_openapi, name="import_openapi"),
    path("setup/environments/templates/remove/", environments.remove_templates, name="remove_templates"),
    path("setup/environments/<int:number>/", environments.environment, name="environment"),
    path("tickets/<str:reference>/lookups/", lookups.lookups, name="lookups"),
    path("tickets/<str:reference>/lookups/ask/<int:number>/", lookups.run_lookup, name="run_lookup"),
    path("tickets/<str:reference>/lookups/<int:number>/", lookups.lookup_run, name="lookup_run"),
    path(
        "tickets/<str:reference>/lookups/<int:number>/evidence/", lookups.lookup_evidence, name="lookup_evidence"
    ),
    path("customers/<int:number>/timeline/", customer_line.customer_timeline, name="customer_timeline"),
    path("setup/lookups/", lookup_setup.lookup_list, name="lookup_list"),
    path("setup/lookups/new/", lookup_setup.edit_lookup, name="new_lookup"),
    path("setup/lookups/<int:number>/", lookup_setup.lookup_setup, name="lookup_setup"),
    path("setup/lookups/<int:number>/edit/", lookup_setup.edit_lookup, name="edit_lookup"),
    path("setup/lookups/<int:number>/switch/", lookup_setup.switch_lookup, name="switch_lookup"),
    path("setup/lookups/sources/new/", lookup_setup.edit_lookup_source, name="new_lookup_source"),
    path("setup/lookups/sources/<int:number>/", lookup_setup.edit_lookup_source, name="edit_lookup_source"),
    path(
        "setup/lookups/sources/<int:number>/check/", lookup_setup.check_lookup_source, name="check_lookup_source"
    ),
]
