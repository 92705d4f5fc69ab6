"""The addresses of compliance reviews. All their names begin with "compliance": the trail's wall goes by it."""

from django.urls import path

from compliance.views import cases, deciding, files, setup, work

urlpatterns = [
    path("compliance/", cases.case_list, name="compliance_cases"),
    path("compliance/new/", cases.new_case, name="compliance_new"),
    path("compliance/read/", cases.read_notices, name="compliance_read"),
    path("compliance/procedures/", setup.procedure_list, name="compliance_procedures"),
    path("compliance/procedures/<slug:kind>/", setup.edit_procedure, name="compliance_procedure"),
    path("compliance/<int:number>/", cases.case_page, name="compliance_case"),
    path("compliance/<int:number>/act/<slug:verb>/", work.act, name="compliance_act"),
    path("compliance/<int:number>/owner/", work.set_owner, name="compliance_owner"),
    path("compliance/<int:number>/notes/", work.write_note, name="compliance_note"),
    path("compliance/<int:number>/indicators/", work.set_indicators, name="compliance_indicators"),
    path("compliance/<int:number>/links/", work.link, name="compliance_link"),
    path("compliance/<int:number>/links/<slug:what>/<int:entry>/", work.unlink, name="compliance_unlink"),
    path("compliance/<int:number>/checklist/", work.checklist, name="compliance_checklist"),
    path("compliance/<int:number>/documents/", work.add_document, name="compliance_add_document"),
    path("compliance/<int:number>/documents/<int:entry>/", files.document, name="compliance_document"),
    path("compliance/<int:number>/propose/", deciding.propose, name="compliance_propose"),
    path("compliance/<int:number>/decide/", deciding.decide, name="compliance_decide"),
    path("compliance/<int:number>/packs/", files.request_pack, name="compliance_request_pack"),
    path("compliance/<int:number>/packs/state/", files.pack_state, name="compliance_pack_state"),
    path("compliance/<int:number>/packs/<int:entry>/", files.pack, name="compliance_pack"),
]
