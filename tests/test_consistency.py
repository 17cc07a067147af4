"""Rules of the code base that a newcomer can hold in the head, checked on the sources themselves."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from cmo_selector.accounts.models import Sponsor
from quotes.models import SponsorOwned

ROOT = Path(__file__).resolve().parent.parent
# Lower may not import higher. A module counts by the first of these names in its path below the app.
LAYERS = {
    "enums": 0,
    "models": 1,
    "selectors": 2,
    "services": 2,
    "filters": 3,
    "forms": 3,
    "views": 4,
    "urls": 5,
}
PURE_ENGINES = ["partners/scoring", "quotes/costing"]


def sources(folder: str) -> list[Path]:
    return sorted(p for p in (ROOT / folder).rglob("*.py") if "migrations" not in p.parts)


def imports(path: Path) -> set[str]:
    """Absolute names of the modules that a file imports, anywhere in it."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def layer(module: str, app: str) -> int | None:
    parts = module.split(".")
    if parts[0] != app:
        return None
    return next((LAYERS[part] for part in parts[1:] if part in LAYERS), None)


def test_the_catalogue_never_imports_the_sponsors_side():
    broken = {
        str(path.relative_to(ROOT)): sorted(name for name in imports(path) if name.split(".")[0] == "quotes")
        for path in sources("partners")
    }
    assert {path: names for path, names in broken.items() if names} == {}


@pytest.mark.parametrize("app", ["partners", "quotes"])
def test_imports_go_one_way_inside_an_app(app):
    broken = []
    for path in sources(app):
        own = layer(".".join(path.relative_to(ROOT).with_suffix("").parts), app)
        if own is None:
            continue
        for name in imports(path):
            other = layer(name, app)
            if other is not None and other > own:
                broken.append(f"{path.relative_to(ROOT)} imports {name}")
    assert broken == []


@pytest.mark.parametrize("folder", [f for f in PURE_ENGINES if (ROOT / f).exists()])
def test_engines_import_no_django(folder):
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(folder)
        for name in imports(path)
        if name.split(".")[0] in {"django", "cmo_selector", "celery"}
        or (name.split(".")[0] in {"partners", "quotes"} and not name.startswith(folder.replace("/", ".")))
    ]
    assert broken == []


def test_the_scoring_engine_runs_without_django_installed():
    blocked = "import sys; sys.modules['django'] = None; import partners.scoring; print('ok')"
    done = subprocess.run(
        [sys.executable, "-c", blocked], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def relation_targets(model) -> list[str]:
    return [
        f.name
        for f in model._meta.get_fields()
        if f.is_relation and f.related_model is Sponsor and f.concrete
    ]


def test_no_model_of_the_catalogue_knows_a_sponsor():
    assert [m.__name__ for m in apps.get_app_config("partners").get_models() if relation_targets(m)] == []


@pytest.mark.parametrize("model", list(apps.get_app_config("quotes").get_models()), ids=lambda m: m.__name__)
def test_every_model_of_a_sponsor_declares_its_path_to_the_sponsor(model):
    assert issubclass(model, SponsorOwned), f"{model.__name__} must derive from SponsorOwned"
    step = model
    for name in model.sponsor_path.split("__"):
        try:
            step = step._meta.get_field(name).related_model
        except FieldDoesNotExist:
            pytest.fail(f"{model.__name__}.sponsor_path: {step.__name__} has no field {name}")
    assert step is Sponsor


def test_for_sponsor_without_a_sponsor_sees_nothing(db):
    for model in apps.get_app_config("quotes").get_models():
        assert list(model.objects.for_sponsor(None)) == []


def test_every_constraint_has_a_message_for_people():
    own = [
        m
        for label in ("accounts", "audit", "partners", "quotes")
        for m in apps.get_app_config(label).get_models()
    ]
    silent = [
        f"{model.__name__}.{c.name}"
        for model in own
        for c in model._meta.constraints
        if c.violation_error_message == c.default_violation_error_message
    ]
    assert silent == []


def test_files_stay_readable_in_one_sitting():
    """About 400 lines; data, migrations and tests do not count."""
    folders = ("cmo_selector", "partners", "quotes")
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in folders
        for path in sources(folder)
        if (lines := len(path.read_text().splitlines())) > 450
    }
    assert long == {}


def test_templates_hold_no_inline_script_style_or_handler():
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son[a-z]+=|javascript:",
        re.IGNORECASE,
    )
    comment = re.compile(r"{% comment %}.*?{% endcomment %}", re.DOTALL)
    broken = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if "pdf" not in path.parts
        for match in inline.finditer(comment.sub("", path.read_text()))
    ]
    assert broken == []


def test_no_argument_of_a_tag_holds_another_tag():
    """Django would print the braces: a text with a value in it is made in the view."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"{%[^%]*{[{%]", line)
    ]
    assert found == []
