"""Addresses of requests for quotation and quotes, inside a project; part of `quotes.urls`."""

from django.urls import path

from quotes.views import costing, quote_entry, quote_pages, rfq, rfq_files, rfq_send, tools

rfq_patterns = [
    path("projects/<int:project_id>/rfqs/", rfq.rfq_list, name="rfq_list"),
    path("projects/<int:project_id>/rfqs/new/", rfq.rfq_new, name="rfq_new"),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/", rfq.rfq_detail, name="rfq"),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/preview/", rfq.rfq_preview, name="rfq_preview"),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/versions/<int:number>/",
        rfq.rfq_version,
        name="rfq_version",
    ),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/prepare/<slug:step>/", rfq.rfq_step, name="rfq_step"),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/send/", rfq_send.send, name="rfq_send"),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/deadline/", rfq_send.extend, name="rfq_extend"),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/publish/", rfq_send.publish, name="rfq_publish"),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/state/", rfq_send.change_state, name="rfq_state"),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/invitations/<int:invitation_id>/revoke/",
        rfq_send.revoke,
        name="rfq_revoke",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/invitations/<int:invitation_id>/link/",
        rfq_send.renew,
        name="rfq_link",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/invitations/<int:invitation_id>/keep-nda/",
        rfq_send.keep_nda,
        name="rfq_keep_nda",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/emails/<int:email_id>/again/",
        rfq_send.email_again,
        name="rfq_email_again",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/questions/<int:message_id>/answer/",
        rfq_send.answer,
        name="rfq_answer",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/enter/<slug:slug>/",
        quote_entry.quote_enter,
        name="quote_enter",
    ),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/scenarios/", costing.scenarios, name="scenarios"),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/scenarios/<int:scenario_id>/",
        costing.scenario_edit,
        name="scenario",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/scenarios/<int:scenario_id>/copy/",
        costing.scenario_copy,
        name="scenario_copy",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/scenarios/<int:scenario_id>/delete/",
        costing.scenario_delete,
        name="scenario_delete",
    ),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/assumptions/", costing.assumptions, name="assumptions"),
    # the package and the files around it
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/package.pdf",
        rfq_files.rfq_package,
        {"ending": "pdf"},
        name="rfq_pdf",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/package.xlsx",
        rfq_files.rfq_package,
        {"ending": "xlsx"},
        name="rfq_xlsx",
    ),
    path("projects/<int:project_id>/rfqs/<int:rfq_id>/files/", rfq_files.rfq_file_add, name="rfq_file_add"),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/files/<int:attachment_id>/",
        rfq_files.rfq_file,
        name="rfq_file",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/files/<int:attachment_id>/remove/",
        rfq_files.rfq_file_remove,
        name="rfq_file_remove",
    ),
    path(
        "projects/<int:project_id>/rfqs/<int:rfq_id>/invitations/<int:invitation_id>/nda/",
        rfq_files.rfq_nda,
        name="rfq_nda",
    ),
    path(
        "projects/<int:project_id>/quotes/<int:quote_id>/files/<int:attachment_id>/",
        rfq_files.quote_file,
        name="quote_file",
    ),
    # calculations of the tools
    path("projects/<int:project_id>/calculations/", tools.calculations, name="calculations"),
    path(
        "projects/<int:project_id>/calculations/<int:calculation_id>/remove/",
        tools.calculation_remove,
        name="calculation_remove",
    ),
    # quotes compared
    path("projects/<int:project_id>/quotes/", quote_pages.quotes, name="quotes"),
    path("projects/<int:project_id>/quotes/value/", quote_pages.quotes_value, name="quotes_value"),
    path("projects/<int:project_id>/quotes/<int:quote_id>/", quote_pages.quote_detail, name="quote"),
    path(
        "projects/<int:project_id>/quotes/<int:quote_id>/clarify/",
        quote_pages.quote_clarify,
        name="quote_clarify",
    ),
    path(
        "projects/<int:project_id>/quotes/<int:quote_id>/award/", quote_pages.quote_award, name="quote_award"
    ),
]
