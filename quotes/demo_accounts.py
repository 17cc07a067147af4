"""Who can sign in to the demo. No Django here, so that settings can read it for the sign-in page."""

DEMO_PASSWORD = "demo-Passw0rd"  # noqa: S105  printed on the demo's sign-in page, refused in production

ALDER = "Alder Bio (illustrative)"
BIRCH = "Birch Therapeutics (illustrative)"

#: (e-mail, name, role in words, sponsor or None, role at the sponsor or "")
DEMO_PEOPLE: tuple[tuple[str, str, str, str | None, str], ...] = (
    ("owner@alder.example", "Alder owner", "Owner, Alder Bio", ALDER, "owner"),
    ("manager@alder.example", "Alder sourcing manager", "Sourcing manager, Alder Bio", ALDER, "manager"),
    ("evaluator@alder.example", "Alder evaluator", "Technical evaluator, Alder Bio", ALDER, "evaluator"),
    ("viewer@alder.example", "Alder leadership", "Leadership viewer, Alder Bio", ALDER, "viewer"),
    (
        "manager@birch.example",
        "Birch sourcing manager",
        "Sourcing manager, Birch Therapeutics",
        BIRCH,
        "manager",
    ),
    ("curator@cmo-selector.example", "Catalogue curator", "Catalogue curator", None, ""),
    ("admin@cmo-selector.example", "Administrator", "Administrator", None, ""),
)
CURATOR = "curator@cmo-selector.example"
ADMINISTRATOR = "admin@cmo-selector.example"

#: (role, e-mail, password), as the sign-in page and `load_demo` show them
DEMO_SIGN_INS: tuple[tuple[str, str, str], ...] = tuple(
    (role, email, DEMO_PASSWORD) for email, _, role, _, _ in DEMO_PEOPLE
)
