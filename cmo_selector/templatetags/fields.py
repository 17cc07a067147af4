"""What form_field.html and form_errors.html need to know about a Django form."""

from django import forms
from django.forms import BaseForm, BoundField
from django.utils.safestring import mark_safe


def field_context(
    field: BoundField, attributes: str, enhance: bool, help: str, label: str, **rest: object
) -> dict:
    """The input with the right class and its ties to help and errors."""
    widget = field.field.widget
    kind = widget_kind(widget)
    base = field.auto_id or field.html_name
    help_text = help or field.help_text
    described = [f"{base}_help"] * bool(help_text) + [f"{base}_error"] * bool(field.errors)
    attrs = {"class": " ".join(filter(None, [widget.attrs.get("class", ""), CLASSES.get(kind, "")]))}
    if kind != "group":
        attrs["aria-describedby"] = " ".join(described) or None
    if field.errors:
        attrs["aria-invalid"] = "true"
        if kind in ("input", "select", "check"):
            attrs["class"] += " is-invalid"
    if enhance and kind == "select":
        attrs["data-enhance"] = True
    attrs = {name: value for name, value in attrs.items() if value not in (None, "")}
    html = field.as_widget(attrs=attrs)
    if attributes:
        # the forwarded attributes are escaped already; they belong on the input itself
        html = mark_safe(insert_attributes(html, attributes))  # noqa: S308
    return {
        **rest, "field": field, "kind": kind, "html": html, "help": help_text, "label": label or field.label,
        "base": base, "described": " ".join(described), "for": field.id_for_label,
        "optional": rest["optional"] and not field.field.required and kind != "check",
    }  # fmt: skip


CLASSES = {"input": "form-control", "select": "form-select", "check": "form-check-input"}


def widget_kind(widget: forms.Widget) -> str:
    """input, select, check (one box), group (several boxes or inputs) or hidden."""
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple | forms.MultiWidget):
        return "group"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "select" if isinstance(widget, forms.Select) else "input"


def insert_attributes(html: str, attributes: str) -> str:
    """Attributes added to the first element of a widget's HTML."""
    for tag in ("<input", "<select", "<textarea"):
        if tag in html:
            return html.replace(tag, tag + attributes, 1)
    return html


def error_rows(form: BaseForm) -> list[dict[str, str]]:
    """Each error with the id to jump to; errors of the whole form have none."""
    rows = [{"text": text, "label": "", "target": ""} for text in form.non_field_errors()]
    for field in form:
        for text in field.errors:
            target = "" if field.is_hidden else field.id_for_label or f"{field.auto_id}_0"
            rows.append({"text": text, "label": str(field.label), "target": target})
    return rows
