"""The desk's addresses."""

from django.urls import path

from escalations.views import (
    actions,
    contract_editor,
    customers,
    diagnosis,
    escalate,
    files,
    queue,
    rating,
    ticket,
    triage,
)

urlpatterns = [
    path("", queue.home, name="home"),
    path("queue/", queue.queue_page, name="queue"),
    path("queue/take-next/", queue.take_next, name="take_next"),
    path("escalations/", queue.my_escalations, name="my_escalations"),
    path("escalate/", escalate.choose_category, name="escalate"),
    path("escalate/<slug:key>/", escalate.escalate, name="escalate_in"),
    path("escalate/<slug:key>/draft/", escalate.keep_draft, name="keep_draft"),
    path("escalate/<slug:key>/draft/discard/", escalate.discard_draft, name="discard_draft"),
    path("escalate/<slug:key>/hints/", escalate.hints, name="escalation_hints"),
    path("tickets/<str:reference>/", ticket.ticket_page, name="ticket"),
    path("tickets/<str:reference>/triage/", triage.triage, name="triage"),
    path("tickets/<str:reference>/resubmit/", escalate.resubmit, name="resubmit"),
    path("tickets/<str:reference>/do/<slug:verb>/", actions.act, name="ticket_act"),
    path("tickets/<str:reference>/messages/", ticket.write_message, name="write_message"),
    path("tickets/<str:reference>/take/", ticket.take, name="take"),
    path("tickets/<str:reference>/owner/", ticket.set_owner, name="set_owner"),
    path("tickets/<str:reference>/team/", ticket.set_team, name="set_team"),
    path("tickets/<str:reference>/priority/", ticket.set_priority, name="set_priority"),
    path("tickets/<str:reference>/known-issue/", ticket.link_issue, name="link_issue"),
    path("tickets/<str:reference>/article/", ticket.use_article, name="use_article"),
    path("tickets/<str:reference>/diagnosis/", diagnosis.edit_diagnosis, name="diagnosis"),
    path("tickets/<str:reference>/diagnosis/history/", diagnosis.diagnosis_history, name="diagnosis_history"),
    path("tickets/<str:reference>/files/<int:number>/", files.attachment, name="attachment"),
    path("customers/<int:number>/", customers.customer, name="customer"),
    path("customers/<int:number>/correct/", customers.correct_customer, name="correct_customer"),
    path("setup/categories/", contract_editor.category_list, name="category_setup"),
    path("setup/categories/<slug:key>/form/", contract_editor.edit_form, name="edit_category_form"),
    path("setup/categories/<slug:key>/form/preview/", contract_editor.preview, name="preview_category_form"),
    path("rate/<str:token>/", rating.rate, name="rate"),
]
