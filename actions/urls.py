"""The addresses of sensitive actions."""

from django.urls import path

from actions.views import account_review, action, delivery_cases, lists, policies, postings, writing

urlpatterns = [
    path("actions/", lists.action_list, name="actions"),
    path("actions/waiting/", lists.waiting_count, name="actions_waiting"),
    path("actions/<int:number>/", action.action_page, name="action"),
    path("actions/<int:number>/edit/", writing.edit_action, name="edit_action"),
    path("actions/<int:number>/request/", action.request_action, name="request_action"),
    path("actions/<int:number>/approve/", action.approve_action, name="approve_action"),
    path("actions/<int:number>/reject/", action.reject_action, name="reject_action"),
    path("actions/<int:number>/cancel/", action.cancel_action, name="cancel_action"),
    path("actions/<int:number>/evidence/<slug:key>/", action.evidence_file, name="action_evidence"),
    path("tickets/<str:reference>/actions/new/", writing.choose_kind, name="new_action"),
    path("tickets/<str:reference>/actions/new/<slug:kind>/", writing.new_action, name="new_action_of"),
    path("tickets/<str:reference>/account/", account_review.review_account, name="review_account"),
    path("tickets/<str:reference>/deliveries/", delivery_cases.delivery_cases, name="delivery_cases"),
    path("points/", postings.points_ledger, name="points_ledger"),
    path("points/accounts/<str:reference>/", postings.points_account, name="points_account"),
    path("points/accounts/<str:reference>/bring-in/", postings.bring_in_points, name="bring_in_points"),
    path("points/transfers/<int:number>/", postings.points_transfer, name="points_transfer"),
    path("setup/actions/", policies.policy_list, name="action_policies"),
    path("setup/actions/<slug:kind>/", policies.policy_page, name="action_policy"),
    path("setup/actions/<slug:kind>/draft/", policies.policy_draft, name="action_policy_draft"),
    path("setup/actions/<slug:kind>/do/<slug:verb>/", policies.act_on_policy, name="act_on_action_policy"),
]
