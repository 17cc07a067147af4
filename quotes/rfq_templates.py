"""What an RFQ starts from: the line catalogue and the templates per kind of work, both data files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from partners.enums import Stage
from quotes.models import Project

DATA = Path(__file__).parent / "data"

#: key, heading, what belongs there. The order of the document.
SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("background", "Background", "Product, indication, stage, markets and why a partner is sought now."),
    ("target_profile", "Target product profile", "Dose, presentation, shelf life, users."),
    ("process", "Process", "Description, yields, scale run so far, equipment needed."),
    ("analytics", "Analytical methods", "Methods with their status: developed, qualified, validated."),
    ("materials", "Materials", "Formulation, list of materials, who supplies and owns them."),
    ("safety", "Safety", "SDS, OEL and band, biosafety level, controlled-substance schedule."),
    ("forecast", "Demand and forecast", "How demand may run and what is firm; the figures stand below."),
    ("stability_plan", "Stability", "Protocol: conditions, pulls, tests, months."),
    (
        "quality",
        "Quality and regulatory expectations",
        "Markets, certificates, inspections, data integrity, audit.",
    ),
    ("terms", "Commercial terms", "Structure, payment, IP, liability, cancellation; what may be redlined."),
)
KEY_SECTIONS = ("background", "process", "analytics", "materials", "safety", "quality")


@dataclass(frozen=True)
class CatalogueLine:
    """One line of the catalogue: code, usual basis and treatment, a hint for bidders."""

    code: str
    number: int
    label: str
    basis: str
    treatment: str
    note: str = ""


@dataclass(frozen=True)
class Template:
    """One template. `asks` overrides the hint of a section; `packages`: (name, deliverable, lines)."""

    code: str
    label: str
    profile: str
    modalities: tuple[str, ...]
    dosage_forms: tuple[str, ...]
    periods: int
    drivers: tuple[tuple[str, str, str], ...]
    batch_driver: str
    unit: tuple[str, str, str] | None
    asks: Mapping[str, str]
    packages: tuple[tuple[str, str, tuple[tuple[str, Any], ...]], ...]
    documents: tuple[str, ...]
    questions: tuple[str, ...]


@cache
def catalogue() -> dict[str, CatalogueLine]:
    """The lines by code, in the catalogue's order."""
    rows = json.loads((DATA / "line_catalogue.json").read_text(encoding="utf-8"))["lines"]
    return {row["code"]: CatalogueLine(**row) for row in rows}


@cache
def _data() -> dict[str, Any]:
    return json.loads((DATA / "rfq_templates.json").read_text(encoding="utf-8"))


@cache
def templates() -> dict[str, Template]:
    return {row["code"]: _template(row) for row in _data()["templates"]}


def _template(row: Mapping[str, Any]) -> Template:
    return Template(
        code=row["code"],
        label=row["label"],
        profile=row["profile"],
        modalities=tuple(row["modalities"]),
        dosage_forms=tuple(row.get("dosage_forms", ())),
        periods=row["periods"],
        drivers=tuple(tuple(d) for d in row["drivers"]),
        batch_driver=row.get("batch_driver", ""),
        unit=tuple(row["unit"]) if row.get("unit") else None,
        asks=row["asks"],
        packages=tuple(
            (name, text, tuple(tuple(line) for line in lines)) for name, text, lines in row["packages"]
        ),
        documents=tuple(row["documents"]),
        questions=tuple(row["questions"]),
    )


def question_library() -> list[str]:
    """Questions worth asking partners: the standard ones first, then the rest."""
    standard = [text for texts in _data()["profile_questions"].values() for text in texts]
    return [*_data()["questions"], *standard, *_data()["library"]]


def standard_questions(profile: str) -> list[str]:
    """What every template of a profile asks, whether of a manufacturer, a maker of devices or a CRO."""
    return [*_data()["questions"], *_data()["profile_questions"][profile]]


def best_template(project: Project) -> Template:
    """The template that fits a project's profile, dosage form and modality best; the general one otherwise."""
    modality = project.modality.code if project.modality else ""
    form = project.dosage_form.code if project.dosage_form else ""

    def fit(template: Template) -> tuple[int, int]:
        if template.profile not in (project.profile, "any"):
            return (-1, 0)
        in_forms = bool(template.dosage_forms) and form in template.dosage_forms
        if template.dosage_forms and not in_forms:
            return (0, 0)
        early = template.code == "commercial_solids" and project.stage < Stage.REGISTRATION
        points = (
            4 * in_forms * (not early) + 5 * (modality in template.modalities) + (template.profile != "any")
        )
        return (points, 1)

    return max(templates().values(), key=fit)


def starting_values(template: Template, project: Project, first_year: int) -> dict[str, Any]:
    """Columns of a new RFQ from a template."""
    zeros = ["0"] * template.periods
    return {
        "title": f"{template.label}: {project.name}"[:160],
        "code_name": f"Project {project.pk:04d}",
        "template": template.code,
        "first_year": first_year,
        "periods": template.periods,
        "sections": {"background": starting_background(project)} if starting_background(project) else {},
        "drivers": [
            {"name": name, "label": label, "unit": unit, "low": zeros, "base": zeros, "high": zeros}
            for name, label, unit in template.drivers
        ],
        "batch_driver": template.batch_driver,
        "unit_driver": template.unit[0] if template.unit else "",
        "unit_size": template.unit[1] if template.unit else None,
        "unit_label": template.unit[2] if template.unit else "",
        "questions": [
            {"id": f"q{n}", "text": text}
            for n, text in enumerate([*template.questions, *standard_questions(template.profile)], start=1)
        ],
        "enclosures": list(template.documents),
        "documents": list(_data()["documents"]),
        "criteria": [{"text": text, "weight": weight} for text, weight in _data()["criteria"]],
    }


def starting_background(project: Project) -> str:
    """The project's own words, as a first draft of the background."""
    return project.description.strip()


def starting_lines(template: Template) -> list[dict[str, Any]]:
    """Columns of the scope's lines from a template, in order."""
    rows = []
    for package, deliverable, lines in template.packages:
        for code, quantity in lines:
            entry = catalogue()[code]
            driven = isinstance(quantity, str)
            rows.append(
                {
                    "code": code,
                    "label": entry.label,
                    "package": package,
                    "deliverable": deliverable,
                    "basis": entry.basis,
                    "treatment": entry.treatment,
                    "driver": quantity if driven else "",
                    "quantities": [] if driven else fitted(quantity, template.periods),
                    "order": len(rows),
                }
            )
    return rows


def fitted(quantities: Sequence[Any], periods: int) -> list[str]:
    """One quantity per period as text: zeros after the last one, or cut off."""
    texts = [str(quantity) for quantity in quantities[:periods]]
    return texts + ["0"] * (periods - len(texts))
