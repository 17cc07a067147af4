"""The look of the curation desk (Django admin with django-unfold): name, colours, navigation."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy


def _link(title: str, model: str, icon: str) -> dict[str, Any]:
    """An entry of the navigation, for those who may look at the model (`app.model`)."""
    app, name = model.split(".")

    def allowed(request: Any) -> bool:
        return request.user.has_perm(f"{app}.view_{name}")

    link = reverse_lazy(f"admin:{app}_{name}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": allowed}


def _page(title: str, name: str, model: str, icon: str) -> dict[str, Any]:
    """An entry for a page that is no list, for those who may look at the model (`app.model`)."""
    return {**_link(title, model, icon), "link": reverse_lazy(f"admin:{name}")}


def _group(title: str, *links: dict[str, Any], folded: bool = True) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": folded, "items": list(links)}


NAVIGATION = [
    _group(
        "Desk",
        _page("What waits", "index", "partners.organisation", "dashboard"),
        _page("Stale facts", "partners_stale", "partners.verificationtask", "hourglass_bottom"),
        _page("Contradictions", "partners_conflicts", "partners.verificationtask", "compare_arrows"),
        _link("Proposals of users", "partners.proposal", "rate_review"),
        _link("Register matches", "partners.matchproposal", "join_inner"),
        _page("Duplicates", "partners_duplicates", "partners.merge", "content_copy"),
        _link("Merges", "partners.merge", "merge"),
        _link("Facts to verify", "partners.verificationtask", "task_alt"),
        _link("Spreadsheets", "partners.sheetimport", "table"),
        _link("Saved filters", "partners.savedfilter", "bookmark"),
        folded=False,
    ),
    _group(
        "Partners",
        _link("Partners", "partners.organisation", "factory"),
        _link("Sites", "partners.facility", "location_on"),
        _link("Capabilities", "partners.capability", "science"),
        _link("Equipment", "partners.equipment", "precision_manufacturing"),
        _link("Capacity", "partners.capacityslot", "event_available"),
        folded=False,
    ),
    _group(
        "Quality record",
        _link("Certificates", "partners.certificate", "verified"),
        _link("Inspections", "partners.inspection", "fact_check"),
        _link("Audits", "partners.audit", "checklist"),
        _link("Regulatory actions", "partners.regulatoryaction", "gavel"),
        folded=False,
    ),
    _group(
        "Commercial",
        _link("Commercial terms", "partners.commercialterms", "contract"),
        _link("Indicative prices", "partners.indicativeprice", "sell"),
        _link("Track record", "partners.trackrecord", "military_tech"),
        _link("Measures", "partners.metricvalue", "monitoring"),
        _link("Documents", "partners.document", "description"),
    ),
    _group(
        "Facts about partners",
        _link("Organisation types", "partners.organisationtypefact", "category"),
        _link("Contract structures", "partners.contractstructurefact", "handshake"),
        _link("Industries", "partners.industryfact", "domain"),
        _link("Other names", "partners.alias", "badge"),
        _link("Ownership", "partners.ownership", "account_balance"),
        _link("Identifiers", "partners.identifier", "tag"),
        _link("Restricted-party entries", "partners.restrictedpartyentry", "block"),
        _link("Restricted-party lists", "partners.restrictedpartylist", "list_alt"),
        _link("Listed parties", "partners.listedparty", "person_off"),
        _link("Party matches", "partners.partymatch", "person_search"),
    ),
    _group(
        "Sources and registers",
        _link("Sources", "partners.source", "source"),
        _link("Register establishments", "partners.registerestablishment", "public"),
        _link("Published Form 483s", "partners.registerform483", "fact_check"),
        _link("Letters and actions", "partners.registeraction", "gavel"),
        _link("Inspection classifications", "partners.registerinspection", "search_check"),
        _link("Drug listings", "partners.registerlisting", "medication"),
        _link("Suggested links", "partners.linksuggestion", "add_link"),
        _link("Import a register", "partners.registerupload", "upload_file"),
        _link("Register imports", "partners.registerimport", "download"),
        _link("Rejected rows", "partners.rejectedrow", "report"),
        _link("History", "partners.change", "history"),
        _link("Exchange rates", "partners.exchangerate", "currency_exchange"),
        _link("Exchange-rate imports", "partners.exchangerateimport", "download"),
    ),
    _group(
        "Vocabularies",
        _link("Organisation types", "partners.organisationtype", "category"),
        _link("Modalities", "partners.modality", "genetics"),
        _link("Services", "partners.service", "account_tree"),
        _link("Dosage forms", "partners.dosageform", "pill"),
        _link("Production systems", "partners.productionsystem", "biotech"),
        _link("Scale units", "partners.scaleunit", "straighten"),
        _link("Industries", "partners.industry", "domain"),
        _link("Contract structures", "partners.contractstructure", "handshake"),
        _link("Regulators", "partners.regulator", "account_balance"),
        _link("Certificate types", "partners.certificatetype", "verified"),
        _link("Document types", "partners.documenttype", "description"),
        _link("Measures", "partners.metric", "monitoring"),
        _link("Register crosswalks", "partners.servicecrosswalk", "sync_alt"),
        _link("Merged terms", "partners.termmerge", "merge"),
    ),
    _group(
        "Administration",
        _link("People", "accounts.user", "person"),
        _link("Sponsors", "accounts.sponsor", "apartment"),
        _link("Memberships", "accounts.membership", "group"),
        _link("Groups", "auth.group", "groups"),
        _link("Audit log", "audit.auditevent", "history"),
    ),
]

UNFOLD = {
    "SITE_TITLE": "Curation desk · CMO Selector",
    "SITE_HEADER": "Curation desk",
    "SITE_SUBHEADER": "CMO Selector",
    "SITE_URL": "/",
    "SITE_SYMBOL": "database",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}
    ],
    "STYLES": [lambda request: static("css/desk.css")],
    "SCRIPTS": [lambda request: static("js/desk.js")],
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "partners.admin.dashboard.dashboard",
    "BORDER_RADIUS": "6px",
    "COLORS": {
        # the accent of static/css/tokens.css, lightened and darkened
        "primary": {
            "50": "#f0f8f9",
            "100": "#e1f0f2",
            "200": "#bfe0e5",
            "300": "#8fd8e2",
            "400": "#63c4d2",
            "500": "#2a93a4",
            "600": "#0b6474",
            "700": "#084c58",
            "800": "#0a414b",
            "900": "#0b3740",
            "950": "#06262c",
        }
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": NAVIGATION},
}
