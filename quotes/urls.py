"""Addresses of the sponsor's pages: projects, ranking, shortlist, reports."""

from django.urls import path

from quotes.urls_rfq import rfq_patterns
from quotes.views import (
    conflicts,
    evaluation,
    home,
    needs,
    networks,
    notices,
    overrides,
    partner_notes,
    projects,
    ranking,
    ranking_tabs,
    report_follow,
    reports,
    risks,
    searches,
    shares,
    shortlist,
    shortlist_many,
    weighting,
    whatif,
)

app_name = "quotes"

urlpatterns = [
    path("", home.home, name="home"),
    path("sponsor/", home.switch_sponsor, name="switch_sponsor"),
    # one's own reports that have ended
    path("reports/", notices.notice_list, name="notices"),
    path("reports/bell/", notices.bell, name="notice_bell"),
    path("reports/read/", notices.mark_all_read, name="notices_read"),
    # what the sponsor keeps to itself about a partner
    path("partners-notes/<slug:slug>/", partner_notes.edit, name="partner_notes"),
    # saved searches; the link in their e-mails needs no sign-in
    path("searches/", searches.search_list, name="searches"),
    path("searches/new/", searches.search_new, name="search_new"),
    path("searches/<int:search_id>/", searches.search_edit, name="search_edit"),
    path("searches/<int:search_id>/delete/", searches.search_delete, name="search_delete"),
    path("searches/unsubscribe/<str:token>/", searches.unsubscribe, name="unsubscribe"),
    # projects (product → stage → needs → weights → review)
    path("projects/", projects.project_list, name="project_list"),
    path("projects/new/", projects.project_new, name="project_new"),
    path("projects/<int:project_id>/", projects.project_detail, name="project"),
    path("projects/<int:project_id>/setup/<slug:step>/", projects.project_step, name="project_step"),
    path("projects/<int:project_id>/needs/add/", needs.need_add, name="need_add"),
    path("projects/<int:project_id>/needs/<int:need_id>/", needs.need_edit, name="need_edit"),
    path("projects/<int:project_id>/needs/<int:need_id>/delete/", needs.need_delete, name="need_delete"),
    path("projects/<int:project_id>/weights/", projects.weights, name="weights"),
    path("projects/<int:project_id>/weights/approve/", projects.weights_approve, name="weights_approve"),
    path("projects/<int:project_id>/weights/by/<slug:method>/", weighting.method, name="weight_method"),
    path("projects/<int:project_id>/weight-sets/add/", weighting.set_add, name="weight_set_add"),
    path(
        "projects/<int:project_id>/weight-sets/<int:set_id>/remove/",
        weighting.set_remove,
        name="weight_set_remove",
    ),
    path("projects/<int:project_id>/archive/", projects.project_archive, name="project_archive"),
    # ranking
    path("projects/<int:project_id>/ranking/", ranking.ranking, name="ranking"),
    path("projects/<int:project_id>/ranking/weights/", ranking.save_weights, name="ranking_weights"),
    path("projects/<int:project_id>/ranking/partner/<slug:slug>/", ranking.partner, name="ranking_partner"),
    path(
        "projects/<int:project_id>/ranking/partner/<slug:slug>/conflict/",
        conflicts.conflict,
        name="partner_conflict",
    ),
    path("projects/<int:project_id>/ranking/robustness/", ranking_tabs.robustness, name="ranking_robustness"),
    path("projects/<int:project_id>/ranking/value/", ranking_tabs.value, name="ranking_value"),
    path("projects/<int:project_id>/ranking/networks/", networks.networks, name="networks"),
    path("projects/<int:project_id>/ranking/runway/", networks.runway, name="runway"),
    path(
        "projects/<int:project_id>/ranking/partner/<slug:slug>/let-pass/",
        overrides.let_pass,
        name="must_let_pass",
    ),
    path("projects/<int:project_id>/overrides/<int:override_id>/lift/", overrides.lift, name="must_lift"),
    path("projects/<int:project_id>/ranking/what-if/", whatif.whatif, name="ranking_whatif"),
    path("projects/<int:project_id>/ranking/what-if/keep/", whatif.keep, name="whatif_keep"),
    path("projects/<int:project_id>/ranking/what-if/save/", whatif.save, name="whatif_save"),
    path(
        "projects/<int:project_id>/ranking/what-if/<int:scenario_id>/drop/", whatif.drop, name="whatif_drop"
    ),
    path("projects/<int:project_id>/ranking/why/", ranking_tabs.why, name="ranking_why"),
    path("projects/<int:project_id>/ranking/profiles/", ranking_tabs.profiles, name="ranking_profiles"),
    path("projects/<int:project_id>/ranking/questions/", ranking_tabs.questions, name="ranking_questions"),
    path("projects/<int:project_id>/ranking/questions/ask/", ranking_tabs.ask_in_rfq, name="questions_ask"),
    # group evaluation
    path("projects/<int:project_id>/evaluation/", evaluation.overview, name="evaluation"),
    path("projects/<int:project_id>/evaluation/start/", evaluation.start, name="evaluation_start"),
    path("projects/<int:project_id>/evaluation/close/", evaluation.close, name="evaluation_close"),
    path("projects/<int:project_id>/evaluation/reopen/", evaluation.reopen, name="evaluation_reopen"),
    path("projects/<int:project_id>/evaluation/unlock/", evaluation.unlock, name="evaluation_unlock"),
    path(
        "projects/<int:project_id>/evaluation/score/<slug:slug>/", evaluation.score, name="evaluation_score"
    ),
    path(
        "projects/<int:project_id>/evaluation/agree/<slug:slug>/<str:criterion>/",
        evaluation.agree,
        name="evaluation_agree",
    ),
    # shortlist
    path("projects/<int:project_id>/shortlist/", shortlist.shortlist, name="shortlist"),
    path("projects/<int:project_id>/shortlist/add/", shortlist.add, name="shortlist_add"),
    path(
        "projects/<int:project_id>/shortlist/add-several/",
        shortlist_many.add_many,
        name="shortlist_add_many",
    ),
    path("projects/<int:project_id>/shortlist/<int:entry_id>/", shortlist.edit, name="shortlist_edit"),
    path("projects/<int:project_id>/shortlist/<int:entry_id>/move/", shortlist.move, name="shortlist_move"),
    path(
        "projects/<int:project_id>/shortlist/<int:entry_id>/remove/",
        shortlist.remove,
        name="shortlist_remove",
    ),
    path("projects/<int:project_id>/shortlist/<int:entry_id>/risks/", risks.risk_add, name="risk_add"),
    path("projects/<int:project_id>/risks/<int:risk_id>/", risks.risk_edit, name="risk_edit"),
    *rfq_patterns,
    # reports
    path("projects/<int:project_id>/reports/", reports.report_list, name="report_list"),
    path("projects/<int:project_id>/reports/new/", reports.report_create, name="report_create"),
    path("projects/<int:project_id>/reports/changes/", report_follow.report_changes, name="report_changes"),
    path(
        "projects/<int:project_id>/reports/schedules/new/",
        report_follow.schedule_create,
        name="schedule_create",
    ),
    path(
        "projects/<int:project_id>/reports/schedules/<int:schedule_id>/stop/",
        report_follow.schedule_stop,
        name="schedule_stop",
    ),
    path("projects/<int:project_id>/reports/<int:report_id>/", reports.report, name="report"),
    path("projects/<int:project_id>/reports/<int:report_id>/read/", notices.mark_read, name="notice_read"),
    path(
        "projects/<int:project_id>/reports/<int:report_id>/status/",
        reports.report_status,
        name="report_status",
    ),
    path(
        "projects/<int:project_id>/reports/<int:report_id>/retry/", reports.report_retry, name="report_retry"
    ),
    path(
        "projects/<int:project_id>/reports/<int:report_id>/download/",
        reports.report_download,
        name="report_download",
    ),
    path(
        "projects/<int:project_id>/reports/<int:report_id>/cancel/",
        reports.report_cancel,
        name="report_cancel",
    ),
    path(
        "projects/<int:project_id>/reports/<int:report_id>/share/",
        shares.share_create,
        name="share_create",
    ),
    path(
        "projects/<int:project_id>/shares/<int:share_id>/close/",
        shares.share_revoke,
        name="share_revoke",
    ),
    path("links/", shares.share_list, name="share_list"),
    path("shared/<str:token>/", shares.shared, name="shared"),
    path("shared/<str:token>/pdf/", shares.shared_download, name="shared_download"),
    path(
        "projects/<int:project_id>/reports/<int:report_id>/workbook.xlsx",
        reports.report_xlsx,
        name="report_xlsx",
    ),
    path(
        "projects/<int:project_id>/reports/<int:report_id>/snapshot.json",
        reports.report_json,
        name="report_json",
    ),
]
