"""Who gets what at which address, as data. A URL of the site that is missing here fails the suite.

Roles, in order: anonymous; the manager of another sponsor; viewer, evaluator, manager and owner of the sponsor that
the scene belongs to; a curator without a sponsor. Expected: an HTTP status, or "login" for a redirect to sign-in.
Addresses are written with the names of the scene's rows: {project}, {need}, {entry}, {report}, {partner} …
"""

from dataclasses import dataclass, field

ROLES = ("anonymous", "other", "viewer", "evaluator", "manager", "owner", "curator")
Expected = tuple[int | str, ...]

PUBLIC: Expected = (200,) * 7
SIGNED_IN: Expected = ("login", *(200,) * 6)
SPONSOR: Expected = ("login", 200, 200, 200, 200, 200, 403)  # every sponsor's own page, with its own rows
READ: Expected = ("login", 404, 200, 200, 200, 200, 403)  # a page about this sponsor's row
EDIT_PAGE: Expected = ("login", 404, 403, 403, 200, 200, 403)
EDIT: Expected = ("login", 404, 403, 403, 302, 302, 403)
COMMENT_PAGE: Expected = ("login", 404, 403, 200, 200, 200, 403)
COMMENT: Expected = ("login", 404, 403, 302, 302, 302, 403)
OWNER: Expected = ("login", 403, 403, 403, 403, 302, 403)  # a manager elsewhere is no owner there either

RFQ = {"project_id": "{project}", "rfq_id": "{rfq}"}
TOKEN = {"token": "{token}"}
SCENARIO = {**RFQ, "scenario_id": "{scenario}"}
QUOTE = {"project_id": "{project}", "quote_id": "{quote}"}
PRICES: Expected = ("login", 404, 200, 403, 200, 200, 403)  # read by roles that see prices


@dataclass(frozen=True)
class Case:
    """One request: the URL's name, how to fill it, the method with its data, and what each role gets."""

    name: str
    expected: Expected
    kwargs: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    data: dict[str, str] = field(default_factory=dict)
    query: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


PROJECT = {"project_id": "{project}"}
NEED = {**PROJECT, "need_id": "{need}"}
ENTRY = {**PROJECT, "entry_id": "{entry}"}
REPORT = {**PROJECT, "report_id": "{report}"}
POINTS = {**{f"c{n}": "10" for n in range(1, 11)}, "version": "{weights}"}

LEASE = "price=5600000&years=4&lease_payment=1640000&tax_rate=21&debt_rate=7"

CASES = [
    # platform
    Case("healthz", PUBLIC),
    Case("readyz", (503,) * 7),  # no worker runs here; its own test has one
    Case("metrics", PUBLIC),  # closed in production unless a token is set; its own test has both
    Case("component_gallery", SIGNED_IN),
    # catalogue: shared by everybody who is signed in
    Case("partners:list", SIGNED_IN),
    Case("partners:suggest", SIGNED_IN, query="?q=niche"),
    Case("partners:csv", SIGNED_IN),
    Case("partners:xlsx", SIGNED_IN),
    Case("partners:compare", SIGNED_IN, query="?partner=niche"),
    Case("partners:compare_xlsx", ("login", *(302,) * 6), query="?partner=niche"),  # one is too few
    Case("partners:compare_tray", ("login", *(302,) * 6), method="POST", data={"add": "{partner}"}),
    Case("partners:profile", SIGNED_IN, {"slug": "{partner}"}),
    Case("partners:profile", ("login", *(404,) * 6), {"slug": "nobody"}),
    Case("partners:history", SIGNED_IN, {"slug": "{partner}"}),
    # the API: 401 instead of the sign-in page; its own tokens
    Case("api_index", PUBLIC),
    Case("api:api-root", PUBLIC),
    Case("api:openapi-json", PUBLIC),
    Case("api_unknown", (404,) * 7, {"rest": "nothing"}),
    Case("api:partners", (401, *(200,) * 6), query="?facets=1"),
    Case("api:partner", (401, *(200,) * 6), {"slug": "{partner}"}),
    Case("api:partner", (401, *(404,) * 6), {"slug": "nobody"}),
    Case("api:project-ranking", (401, 404, 200, 200, 200, 200, 403), PROJECT),
    Case("api:project-ranking-partner", (401, 404, 200, 200, 200, 200, 403), PROJECT | {"slug": "{partner}"}),
    Case("api:project-networks", (401, 404, 200, 200, 200, 200, 403), PROJECT),
    Case("api:project-runway", (401, 404, 200, 200, 200, 200, 403), PROJECT),
    Case("api:project-reports", (401, 404, 200, 200, 200, 200, 403), PROJECT),
    Case("api:project-reports", (401, 404, 403, 403, 202, 202, 403), PROJECT, "POST", {"paper": "a4"}),
    Case("api:project-report", (401, 404, 200, 200, 200, 200, 403), REPORT),
    Case("api:project-report-snapshot", (401, 404, 200, 403, 200, 200, 403), REPORT),
    Case("api:project-report-workbook", (401, 404, 200, 403, 200, 200, 403), REPORT),
    Case("api:project-report-pdf", (401, 404, 200, 403, 200, 200, 403), REPORT),
    Case("api_tokens", SIGNED_IN),
    Case("api_tokens", ("login", *(201,) * 6), {}, "POST", {"name": "Nightly"}),
    Case("api_token_revoke", ("login", 404, 404, 404, 302, 404, 404), {"token_id": "{api_token}"}, "POST"),
    # public register: shared as well; anybody signed in may suggest a link
    Case("register:list", SIGNED_IN),
    Case("register:form_483s", SIGNED_IN),
    Case("register:letters", SIGNED_IN),
    Case("register:inspections", SIGNED_IN),
    Case("register:substances", SIGNED_IN),
    Case("register:establishment", SIGNED_IN, {"duns": "{duns}"}),
    Case("register:establishment", ("login", *(404,) * 6), {"duns": "000000000"}),
    Case("register:suggest", SIGNED_IN, {"duns": "{duns}"}),
    Case(
        "register:suggest",
        ("login", *(302,) * 6),
        {"duns": "{duns}"},
        "POST",
        {"facility": "{real_site}", "reason": "The same address."},
    ),
    Case("register:form_483s_record", SIGNED_IN, {"pk": "{form_483}"}),
    Case("register:form_483s_record", ("login", *(404,) * 6), {"pk": "0"}),
    Case("register:form_483s_suggest", SIGNED_IN, {"pk": "{form_483}"}),
    Case("register:letters_record", SIGNED_IN, {"pk": "{action}"}),
    Case("register:letters_record", ("login", *(404,) * 6), {"pk": "0"}),
    Case("register:letters_suggest", SIGNED_IN, {"pk": "{action}"}),
    Case("register:inspections_record", SIGNED_IN, {"pk": "{inspection}"}),
    Case("register:inspections_record", ("login", *(404,) * 6), {"pk": "0"}),
    Case("register:inspections_suggest", SIGNED_IN, {"pk": "{inspection}"}),
    Case("register:substances_record", SIGNED_IN, {"pk": "{listing}"}),
    Case("register:substances_record", ("login", *(404,) * 6), {"pk": "0"}),
    Case("register:substances_suggest", SIGNED_IN, {"pk": "{listing}"}),
    Case(
        "register:letters_suggest",
        ("login", *(302,) * 6),
        {"pk": "{action}"},
        "POST",
        {"facility": "{real_site}", "reason": "The same address."},
    ),
    # proposals to the curators: anybody signed in, each their own
    Case("proposals:own", SIGNED_IN),
    Case("proposals:read", ("login", *(302,) * 6), method="POST"),
    Case("proposals:new_partner", SIGNED_IN),
    Case(
        "proposals:new_partner",
        ("login", *(302,) * 6),
        method="POST",
        data={"name": "Quillon Works", "source_title": "Its website"},
    ),
    Case("proposals:new_fact", SIGNED_IN, {"slug": "niche", "kind": "capability"}),
    Case("proposals:new_fact", ("login", *(404,) * 6), {"slug": "niche", "kind": "price"}),
    Case("proposals:new_fact", ("login", *(404,) * 6), {"slug": "nobody", "kind": "site"}),
    Case(
        "proposals:new_fact",
        ("login", *(302,) * 6),
        {"slug": "niche", "kind": "name"},
        "POST",
        {"name": "Niche Works", "kind": "alias", "source_title": "Its website"},
    ),
    Case("proposals:correct", SIGNED_IN, {"kind": "facility", "pk": "{real_site}"}),
    Case("proposals:correct", ("login", *(404,) * 6), {"kind": "facility", "pk": "0"}),
    Case("proposals:correct", ("login", *(404,) * 6), {"kind": "source", "pk": "1"}),
    Case(
        "proposals:correct",
        ("login", *(302,) * 6),
        {"kind": "facility", "pk": "{real_site}"},
        "POST",
        {"column": "city", "value": "Olten", "source_title": "Its website"},
    ),
    # home and team
    Case("quotes:home", SIGNED_IN),
    Case("quotes:switch_sponsor", ("login", *(302,) * 6), method="POST", data={"sponsor": "0"}),
    Case("team", SPONSOR),
    Case(
        "team",
        ("login", 403, 403, 403, 403, 302, 403),
        method="POST",
        data={"email": "new@example.org", "role": "viewer"},
    ),
    Case("brand", ("login", 403, 403, 403, 403, 200, 403)),
    Case("brand", OWNER, {}, "POST", {"accent": "#0b6474"}),
    Case("team_change", OWNER, {"membership_id": "{member}"}, "POST", {"role": "viewer"}),
    Case("team_link", OWNER, {"membership_id": "{member}"}, "POST"),
    Case("team_remove", OWNER, {"membership_id": "{member}"}, "POST"),
    # every sponsor's own notes on a shared partner
    Case("quotes:partner_notes", ("login", 200, 403, 403, 200, 200, 403), {"slug": "{partner}"}),
    Case("quotes:partner_notes", ("login", 404, 403, 403, 404, 404, 403), {"slug": "nobody"}),
    Case(
        "quotes:partner_notes",
        ("login", 302, 403, 403, 302, 302, 403),
        {"slug": "{partner}"},
        "POST",
        {"notes": "Met in May.", "version": "0"},
    ),
    # every member's own saved searches; another's is a 404, also for the owner
    Case("quotes:searches", SPONSOR),
    Case("quotes:search_new", SPONSOR),
    Case("quotes:search_new", ("login", *(302,) * 5, 403), {}, "POST", {"name": "Mine", "digest": "daily"}),
    Case("quotes:search_edit", ("login", 404, 404, 404, 200, 404, 403), {"search_id": "{search}"}),
    Case("quotes:search_delete", ("login", 404, 404, 404, 302, 404, 403), {"search_id": "{search}"}, "POST"),
    # whoever holds the signed link of an e-mail may stop it
    Case("quotes:unsubscribe", PUBLIC, {"token": "{unsubscribe}"}),
    Case("quotes:unsubscribe", PUBLIC, {"token": "{unsubscribe}"}, "POST", {"List-Unsubscribe": "One-Click"}),
    Case("quotes:unsubscribe", (404,) * 7, {"token": "forged"}),
    # projects
    Case("quotes:project_list", SPONSOR),
    Case("quotes:project_new", ("login", 200, 403, 403, 200, 200, 403)),
    Case("quotes:project", READ, PROJECT),
    Case("quotes:project_step", EDIT_PAGE, {**PROJECT, "step": "product"}),
    Case("quotes:project_step", EDIT_PAGE, {**PROJECT, "step": "stage"}),
    Case("quotes:project_step", EDIT_PAGE, {**PROJECT, "step": "needs"}),
    Case("quotes:project_step", EDIT_PAGE, {**PROJECT, "step": "weights"}),
    Case("quotes:project_step", EDIT_PAGE, {**PROJECT, "step": "review"}),
    Case("quotes:project_step", ("login", 404, 403, 403, 404, 404, 403), {**PROJECT, "step": "nothing"}),
    Case("quotes:need_add", EDIT_PAGE, PROJECT),
    Case("quotes:need_edit", EDIT_PAGE, NEED),
    Case("quotes:need_delete", EDIT_PAGE, NEED),
    Case("quotes:need_delete", EDIT, NEED, "POST"),
    Case("quotes:weights", EDIT_PAGE, PROJECT),
    Case("quotes:weights_approve", EDIT, PROJECT, "POST", {"version": "{weights}"}),
    Case("quotes:project_archive", EDIT, PROJECT, "POST"),
    # ranking
    Case("quotes:ranking", READ, PROJECT),
    Case("quotes:ranking_robustness", READ, PROJECT),
    Case("quotes:ranking_value", READ, PROJECT),
    Case("quotes:ranking_why", READ, PROJECT),
    Case("quotes:evaluation", READ, PROJECT),
    *(
        Case(f"quotes:evaluation_{act}", EDIT, PROJECT, "POST", {"reason": "A new site must be scored."})
        for act in ("start", "close", "reopen", "unlock")
    ),
    Case("quotes:evaluation_score", COMMENT_PAGE, {**PROJECT, "slug": "{partner}"}),
    Case("quotes:evaluation_score", COMMENT, {**PROJECT, "slug": "{partner}"}, "POST", {"C1": "70"}),
    Case("quotes:evaluation_agree", EDIT, {**PROJECT, "slug": "{partner}", "criterion": "C1"}),
    Case("quotes:ranking_whatif", READ, PROJECT),
    Case("quotes:whatif_keep", EDIT, PROJECT, "POST", {"n.{need}": "should"}),
    Case("quotes:must_let_pass", EDIT_PAGE, {**PROJECT, "slug": "{partner}"}),
    Case("quotes:partner_conflict", EDIT_PAGE, {**PROJECT, "slug": "{partner}"}),
    Case("quotes:must_lift", EDIT, {**PROJECT, "override_id": "{override}"}, "POST"),
    Case("quotes:weight_method", READ, {**PROJECT, "method": "swing"}),
    Case("quotes:weight_method", ("login", *(404,) * 5, 403), {**PROJECT, "method": "dice"}),
    Case(
        "quotes:weight_set_add", EDIT, PROJECT, "POST", {**POINTS, "set_name": "Ours", "set_function": "cmc"}
    ),
    Case("quotes:weight_set_remove", EDIT, {**PROJECT, "set_id": "{weight_set}"}, "POST"),
    Case("quotes:ranking_profiles", READ, PROJECT),
    Case("quotes:whatif_save", EDIT, PROJECT, "POST", {"c1": "50", "scenario_name": "More fit"}),
    Case("quotes:whatif_drop", EDIT, {**PROJECT, "scenario_id": "{whatif}"}, "POST"),
    Case("quotes:ranking_questions", READ, PROJECT),
    Case("quotes:questions_ask", EDIT, PROJECT, "POST"),
    Case("quotes:ranking_weights", EDIT, PROJECT, "POST", POINTS),
    Case("quotes:ranking_partner", READ, {**PROJECT, "slug": "{partner}"}),
    Case("quotes:networks", READ, PROJECT),
    Case("quotes:runway", READ, PROJECT),
    # shortlist
    Case("quotes:shortlist", READ, PROJECT),
    Case("quotes:shortlist_add", EDIT, PROJECT, "POST", {"partner": "{partner}"}),
    Case("quotes:shortlist_add_many", EDIT, PROJECT, "POST", {"partner": "{partner}"}),
    Case("quotes:shortlist_edit", COMMENT_PAGE, ENTRY),
    Case(
        "quotes:shortlist_edit",
        COMMENT,
        ENTRY,
        "POST",
        {"status": "audit", "reason": "", "comment": "visited", "seen": "{seen}"},
    ),
    Case("quotes:shortlist_move", EDIT, ENTRY, "POST", {"direction": "down"}),
    Case("quotes:shortlist_remove", EDIT, ENTRY, "POST"),
    Case("quotes:risk_add", COMMENT_PAGE, ENTRY),
    Case("quotes:risk_add", COMMENT, ENTRY, "POST", {"text": "One site", "likelihood": "2", "impact": "3"}),
    Case("quotes:risk_edit", COMMENT_PAGE, {**PROJECT, "risk_id": "{risk}"}),
    Case(
        "quotes:risk_edit",
        COMMENT,
        {**PROJECT, "risk_id": "{risk}"},
        "POST",
        {"text": "Capacity", "likelihood": "1", "impact": "1", "seen": "{risk_seen}"},
    ),
    # requests for quotation
    Case("quotes:rfq_list", READ, PROJECT),
    Case("quotes:rfq_new", EDIT, PROJECT, "POST", {"template": "generic"}),
    Case("quotes:rfq", READ, RFQ),
    Case("quotes:rfq_preview", READ, RFQ),
    Case("quotes:rfq_version", READ, {**RFQ, "number": "1"}),
    Case("quotes:rfq_version", ("login", 404, 404, 404, 404, 404, 403), {**RFQ, "number": "99"}),
    Case("quotes:rfq_step", EDIT_PAGE, {**RFQ, "step": "brief"}),
    Case("quotes:rfq_step", EDIT_PAGE, {**RFQ, "step": "demand"}),
    Case("quotes:rfq_step", EDIT_PAGE, {**RFQ, "step": "scope"}),
    Case("quotes:rfq_step", EDIT_PAGE, {**RFQ, "step": "questions"}),
    Case("quotes:rfq_step", EDIT_PAGE, {**RFQ, "step": "terms"}),
    Case("quotes:rfq_step", ("login", 404, 403, 403, 404, 404, 403), {**RFQ, "step": "nothing"}),
    Case("quotes:rfq_send", EDIT_PAGE, RFQ),
    Case("quotes:rfq_extend", EDIT, RFQ, "POST", {"deadline": "2099-01-01 12:00"}),
    # 422: nothing has changed since the last version
    Case(
        "quotes:rfq_publish", ("login", 404, 403, 403, 422, 422, 403), RFQ, "POST", {"note": "More detail."}
    ),
    Case("quotes:rfq_state", EDIT, RFQ, "POST", {"state": "closed"}),
    Case("quotes:rfq_revoke", EDIT, {**RFQ, "invitation_id": "{invitation}"}, "POST"),
    Case("quotes:rfq_link", EDIT, {**RFQ, "invitation_id": "{invitation}"}, "POST"),
    Case("quotes:rfq_answer", EDIT, {**RFQ, "message_id": "{question}"}, "POST", {"answer": "Yes."}),
    Case("quotes:quote_enter", EDIT_PAGE, {**RFQ, "slug": "{partner}"}),
    # a partner that answers itself is not typed over
    Case("quotes:quote_enter", EDIT, {**RFQ, "slug": "{bidder}"}),
    Case("quotes:scenarios", EDIT_PAGE, RFQ),
    Case("quotes:scenario", EDIT_PAGE, SCENARIO),
    Case("quotes:scenario_copy", EDIT, SCENARIO, "POST"),
    Case("quotes:scenario_delete", EDIT, SCENARIO, "POST"),
    Case("quotes:assumptions", EDIT_PAGE, RFQ),
    Case("quotes:rfq_pdf", READ, RFQ),
    Case("quotes:rfq_pdf", ("login", 404, 404, 404, 404, 404, 403), RFQ, query="?version=99"),
    Case("quotes:rfq_xlsx", READ, RFQ),
    Case("quotes:rfq_file_add", EDIT, RFQ, "POST"),
    Case("quotes:rfq_file", READ, {**RFQ, "attachment_id": "{enclosed}"}),
    # a bidder's file is not reached through the request's address
    Case("quotes:rfq_file", ("login", 404, 404, 404, 404, 404, 403), {**RFQ, "attachment_id": "{bid_file}"}),
    Case("quotes:rfq_file_remove", EDIT, {**RFQ, "attachment_id": "{enclosed}"}, "POST"),
    Case("quotes:rfq_keep_nda", EDIT, {**RFQ, "invitation_id": "{invitation}"}, "POST"),
    Case("quotes:rfq_email_again", EDIT, {**RFQ, "email_id": "{email}"}, "POST"),
    Case("quotes:rfq_nda", ("login", 404, 403, 403, 404, 404, 403), {**RFQ, "invitation_id": "{invitation}"}),
    # quotes compared: prices, so not for evaluators
    Case("quotes:quote_file", PRICES, {**QUOTE, "attachment_id": "{bid_file}"}),
    Case(
        "quotes:quote_file", ("login", 404, 404, 403, 404, 404, 403), {**QUOTE, "attachment_id": "{enclosed}"}
    ),
    Case("quotes:quotes", PRICES, PROJECT),
    Case("quotes:quotes_value", PRICES, PROJECT),
    Case("quotes:quote", PRICES, QUOTE),
    Case("quotes:quote", ("login", 404, 404, 403, 404, 404, 403), {**QUOTE, "quote_id": "999999"}),
    Case("quotes:quote_clarify", EDIT, QUOTE, "POST", {"text": "Is freight included?"}),
    Case("quotes:quote_award", EDIT, QUOTE, "POST", {"reason": "Lowest normalised cost."}),
    # tools without a project
    Case("tools", SIGNED_IN),
    Case("tool_advisor", SIGNED_IN),
    Case("tool_readiness", SIGNED_IN),
    Case("tool_csv", SIGNED_IN, {"kind": "lease"}, query=f"?{LEASE}"),
    Case("tool_csv", ("login", *(302,) * 6), {"kind": "lease"}),  # nothing to export: back to the form
    Case("tool_csv", ("login", *(404,) * 6), {"kind": "dice"}),
    Case("tool_xlsx", SIGNED_IN, {"kind": "lease"}, query=f"?{LEASE}"),
    # kept with one's own project only: another sponsor's is no choice of the form
    Case(
        "tool_keep",
        ("login", 422, 403, 403, 302, 302, 403),
        {"kind": "lease"},
        "POST",
        {"project": "{project}", "name": "Lease of the lyophiliser", "query": LEASE},
    ),
    Case("quotes:calculations", READ, PROJECT),
    Case("quotes:calculation_remove", EDIT, {**PROJECT, "calculation_id": "{calculation}"}, "POST"),
    Case("tool_lease", SIGNED_IN),
    Case("tool_make", SIGNED_IN),
    # partners behind their link: whoever has the token gets in, whatever account they have or lack
    Case("respond", PUBLIC, TOKEN),
    Case("respond", (404,) * 7, {"token": "guessed.link"}),
    Case("respond_nda", (302,) * 7, TOKEN, "POST", {"signer": "A. Signer", "accept": "1"}),
    Case("respond_save", (302,) * 7, TOKEN, "POST", {"edition": "1", "q-currency": "EUR"}),
    Case("respond_autosave", PUBLIC, TOKEN, "POST", {"q-currency": "EUR"}),
    Case("respond_sheet", PUBLIC, TOKEN),
    Case("respond_upload", (422,) * 7, TOKEN, "POST"),
    Case("respond_pdf", PUBLIC, TOKEN),
    Case("respond_xlsx", PUBLIC, TOKEN),
    Case("respond_file", PUBLIC, {**TOKEN, "attachment_id": "{enclosed}"}),
    Case("respond_file", (404,) * 7, {**TOKEN, "attachment_id": "999999"}),
    Case("respond_receipt", PUBLIC, {**TOKEN, "number": "1"}),
    Case("respond_receipt", (404,) * 7, {**TOKEN, "number": "9"}),
    Case("respond_ask", (302,) * 7, TOKEN, "POST", {"text": "How many strengths?"}),
    Case("respond_clarify", (422,) * 7, {**TOKEN, "message_id": "999999"}, "POST", {"answer": "Included."}),
    Case("respond_decline", (302,) * 7, TOKEN, "POST", {"reason": "No capacity."}),
    # reports
    Case("quotes:notices", SPONSOR),
    Case("quotes:notice_bell", SPONSOR),
    Case("quotes:notices_read", ("login", *(302,) * 5, 403), method="POST"),
    Case("quotes:notice_read", ("login", 404, 302, 302, 302, 302, 403), REPORT, "POST"),
    Case("quotes:report_list", READ, PROJECT),
    Case("quotes:report_create", EDIT_PAGE, PROJECT),
    Case("quotes:report_create", EDIT, PROJECT, "POST"),
    Case("quotes:report_changes", READ, PROJECT),
    Case("quotes:schedule_create", EDIT_PAGE, PROJECT),
    Case(
        "quotes:schedule_create",
        EDIT,
        PROJECT,
        "POST",
        {"rhythm": "weekly", "kind": "decision", "paper": "a4"},
    ),
    Case("quotes:schedule_stop", EDIT, {**PROJECT, "schedule_id": "{schedule}"}, "POST"),
    Case("quotes:report", READ, REPORT),
    Case("quotes:report_status", READ, REPORT),
    Case("quotes:report_retry", EDIT, REPORT, "POST"),
    # the report was asked for by a role that sees prices, so it holds them: not for evaluators
    Case("quotes:report_download", ("login", 404, 200, 403, 200, 200, 403), REPORT),
    Case("quotes:report_cancel", EDIT, REPORT, "POST"),
    Case("quotes:share_create", EDIT_PAGE, REPORT),
    Case("quotes:share_list", ("login", 200, 403, 403, 200, 200, 403)),  # every sponsor's own links
    Case("quotes:share_create", EDIT, REPORT, "POST", {"recipient": "Board", "days": "7"}),
    Case("quotes:share_revoke", EDIT, {**PROJECT, "share_id": "{share}"}, "POST"),
    # a link is for whoever holds it; its copy is still being printed in the scene
    Case("quotes:shared", PUBLIC, {"token": "{share_token}"}),
    Case("quotes:shared", (404,) * 7, {"token": "guessed"}),
    Case("quotes:shared_download", (302,) * 7, {"token": "{share_token}"}, "POST"),
    Case("quotes:report_xlsx", ("login", 404, 200, 403, 200, 200, 403), REPORT),
    Case("quotes:report_json", ("login", 404, 200, 403, 200, 200, 403), REPORT),
]

# Addresses whose answers are the library's own business and have no tenant: checked as groups in test_matrix.py.
LIBRARY_PREFIXES = ("admin:", "account_", "mfa_")
