"""The components: arguments are checked, text is escaped, meaning never hangs on colour or JavaScript."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.http import Http404
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory, override_settings

from cmo_selector.gallery import GalleryForm, gallery
from cmo_selector.templatetags.registrar import COMPONENTS
from cmo_selector.templatetags.signs import icon_shapes

ROOT = Path(__file__).resolve().parents[2]
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def rendered(source: str, **context: object) -> str:
    context.setdefault("request", RequestFactory().get("/"))
    return Template("{% load components fmt %}" + source).render(Context(context))


def text_of(html: str) -> str:
    """What is read: tags out, white space folded."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


class Page(HTMLParser):
    """Start tags with their attributes; refuses crossed or unclosed elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def only(self, tag: str) -> dict[str, str | None]:
        found = [attributes for name, attributes in self.tags if name == tag]
        assert len(found) == 1
        return found[0]


# -- the registrar ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('{% button "Save" colour="red" %}', "button does not take 'colour'; it takes: label, href"),
        ("{% button %}", "button needs label"),
        ('{% button "a" "b" %}', "button takes no further unnamed argument"),
        ('{% button "a" label="b" %}', "button is given 'label' twice"),
        ('{% badge "a" hx_get="/" %}', "badge does not take 'hx_get'"),
        ('{% button "a" attributes="x" %}', "button does not take 'attributes'"),
        (
            '{% card "a" %}{% fill sides %}{% endfill %}{% endcard %}',
            "card has no fill 'sides'; it has: heading",
        ),
        (
            "{% card %}{% fill footer %}{% endfill %}{% fill footer %}{% endfill %}{% endcard %}",
            "card is given fill 'footer' twice",
        ),
        ('{% card "a" %}', "Unclosed tag"),
        ("{% fill %}{% endfill %}", "fill takes exactly one name"),
    ],
)
def test_wrong_use_fails_when_the_template_is_compiled(source, message):
    with pytest.raises(TemplateSyntaxError, match=re.escape(message)):
        Template("{% load components %}" + source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('{% button "a" variant="loud" %}', "variant must be one of primary"),
        ('{% badge "a" tone="red" %}', "tone must be one of neutral"),
        ('{% icon "nonsense" %}', "no icon 'nonsense'"),
        ('{% evidence "s" level="rumour" %}', "evidence level must be one of self_declared"),
        ("{% progress 101 100 %}", "outside 0 to 100"),
        ("{% steps labels 3 %}", "step 3 is outside 1 to 2"),
        ("{% interval_bar 10 120 130 %}", "high 130.0 is outside 0 to 100"),
        ("{% interval_bar 30 20 40 %}", "low <= point <= high"),
        ("{% contribution_bar parts 30 %}", "add up to more than 30"),
        ('{% chart "a" %}{% endchart %}', "either url or spec"),
        ("{% form_field labels %}", "needs a bound field"),
        ("{% fill loose %}{% endfill %}", "stands outside a component"),
    ],
)
def test_wrong_values_fail_and_say_why(source, message):
    with pytest.raises(TemplateSyntaxError, match=re.escape(message)):
        rendered(source, labels=["a", "b"], parts=[("C1", "x", 20), ("C2", "y", 20)])


def test_component_kept_under_a_name_prints_later():
    assert (
        rendered('{% badge "New" as mark %}<p>{{ mark }}</p>')
        == '<p><span class="pill pill-neutral">New</span></p>'
    )


def test_blocks_of_a_base_template_can_be_filled_inside_a_component():
    source = (
        '{% extends "base.html" %}{% block title %}T{% endblock %}{% block heading %}H &amp; H{% endblock %}'
    )
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    html = Template(source).render(RequestContext(request))
    assert html.count("<h1>H &amp; H</h1>") == 1


@pytest.mark.parametrize(
    "source",
    [
        "{% empty_state 'a' %}BODY{% endempty_state %}",
        "{% page_header 'a' %}BODY{% endpage_header %}",
        "{% card 'a' %}BODY{% endcard %}",
        "{% alert 'a' %}BODY{% endalert %}",
        "{% confirm 'a' '/' %}BODY{% endconfirm %}",
        "{% chart 'a' url='/' %}BODY{% endchart %}",
        "{% card 'a' %}{% fill footer %}BODY{% endfill %}{% endcard %}",
    ],
)
def test_markup_inside_a_component_stays_markup_and_its_values_are_escaped(source):
    html = rendered(source.replace("BODY", "\n<a href='/x'>{{ v }}</a>\n"), v="<b>")
    assert "<a href='/x'>&lt;b&gt;</a>" in html


def test_every_component_has_a_line_in_the_documentation():
    text = (ROOT / "docs" / "components.md").read_text()
    assert [name for name in COMPONENTS if f"| `{name}` |" not in text] == []


def test_every_component_template_begins_with_its_arguments():
    folder = ROOT / "templates" / "components"
    undocumented = []
    for name, reader in COMPONENTS.items():
        file = folder / f"{name}.html"
        if not file.exists():
            continue
        head = file.read_text().split("{% endcomment %}")[0]
        undocumented += [f"{name}: {argument}" for argument in reader.known if argument not in head]
    assert undocumented == []


# -- escaping --------------------------------------------------------------------------------------

NASTY = '<script>alert("x")</script>\'"&'
ESCAPED_TAGS = [
    "{% button n %}", "{% button 'a' href=n %}", "{% button 'a' hx_get=n data_x=n %}", "{% badge n title=n %}",
    "{% status_pill n n %}", "{% alert n %}{{ n }}{% endalert %}", "{% note n title=n %}", "{% crumb n n %}",
    "{% empty_state n n action=n href=n %}{% endempty_state %}", "{% card n note=n id=n %}{{ n }}{% endcard %}",
    "{% stat n n unit=n note=n href=n %}", "{% unknown ask=n %}", "{% tooltip n label=n title=n %}", "{% help n %}",
    "{% evidence n '2026-01-31' 'audited' url=n note=n %}", "{% progress 1 2 label=n text=n %}",
    "{% steps l 1 label=n %}", "{% chip n remove=n name=n %}", "{% data_table n %}{% endtable_ %}",
    "{% confirm n n title=n %}{{ n }}{% endconfirm %}", "{% interval_bar 1 2 3 label=n %}",
    "{% contribution_bar c label=n %}", "{% chart n url=n %}{% endchart %}", "{% icon 'x' label=n css=n %}",
    "{% page_header n n %}{% endpage_header %}",
]  # fmt: skip


@pytest.mark.parametrize("source", ESCAPED_TAGS)
def test_text_is_escaped_everywhere(source):
    html = rendered(
        source.replace("endtable_", "enddata_table"),
        n=NASTY,
        l=[NASTY, (NASTY, NASTY)],
        c=[(NASTY, NASTY, 5)],
    )
    assert "<script" not in html
    page = Page(html)
    assert [
        name
        for _, attributes in page.tags
        for name in attributes
        if not re.fullmatch(r"[a-zA-Z][\w-]*", name)
    ] == []


def test_script_data_of_a_chart_cannot_close_its_element():
    html = rendered('{% chart "t" spec=spec %}{% endchart %}', spec={"title": "</script><script>x"})
    assert html.count("<script") == 1
    assert Page(html).only("script")["type"] == "application/json"


# -- single components -----------------------------------------------------------------------------


def test_button_with_an_address_is_a_link():
    assert rendered(
        '{% button "All" href="/partners/" hx_get="/partners/" data_keep=True aria_label=None %}'
    ) == ('<a href="/partners/" class="btn btn-secondary" hx-get="/partners/" data-keep><span>All</span></a>')


def test_button_without_text_keeps_its_name():
    html = rendered('{% button "Remove" icon="trash" icon_only=True %}')
    assert '<span class="visually-hidden">Remove</span>' in html
    assert 'aria-hidden="true"' in html


def test_icon_with_a_label_is_an_image_of_that_name():
    attributes = Page(rendered('{% icon "check" 14 "Done" %}')).tags[0][1]
    assert (attributes["role"], attributes["aria-label"], attributes["width"]) == ("img", "Done", "14")


def test_icons_are_drawn_in_the_colour_of_the_text():
    assert len(icon_shapes()) >= 60
    assert [
        n for n, shape in icon_shapes().items() if re.search(r"(?:fill|stroke)=|xmlns|<script", shape)
    ] == []


@pytest.mark.parametrize(
    ("status", "word", "tone"),
    [
        ("pass", "Pass", "good"),
        ("FAIL", "Fail", "bad"),
        ("on-hold", "On hold", "warn"),
        ("brand new", "Brand new", "neutral"),
    ],
)
def test_status_is_written_out_whatever_its_colour(status, word, tone):
    html = rendered("{% status_pill s %}", s=status)
    assert text_of(html) == word
    assert f"pill-{tone}" in html


def test_only_bad_news_interrupts_the_screen_reader():
    roles = [
        Page(rendered("{% alert tone=t %}x{% endalert %}", t=t)).tags[0][1]["role"]
        for t in ("bad", "warn", "good")
    ]
    assert roles == ["alert", "status", "status"]


def test_unknown_says_what_to_ask():
    html = rendered('{% unknown ask="How many batches?" %}')
    button, body = Page(html).only("button"), html.split("popover id=")[1]
    assert text_of(html) == "unknown Ask: How many batches?"
    assert body.startswith(f'"{button["popovertarget"]}"')


def test_evidence_shows_its_level_and_opens_to_source_and_dates():
    html = rendered(
        '{% evidence "Site file" "2026-01-31" "document_checked" url="https://x.example/" expires_on="2027-01-31" %}'
    )
    assert text_of(html) == (
        "Document checked Document checked Source Site file Retrieved 2026-01-31 Expires 2027-01-31"
    )
    assert Page(html).only("a")["href"] == "https://x.example/"


def test_evidence_without_source_date_or_level_says_so():
    html = rendered('{% evidence "" %}')
    assert text_of(html) == "Level unknown Level unknown Source unknown Retrieved unknown"


def test_repeated_content_gets_different_ids_on_one_page_and_the_same_on_the_next():
    source = '{% evidence "A" %}{% evidence "A" %}'
    first = re.findall(r'popover id="([^"]+)"', rendered(source))
    assert len(set(first)) == 2
    assert first == re.findall(r'popover id="([^"]+)"', rendered(source))


def test_interval_bar_says_its_figures():
    html = rendered("{% interval_bar 61.25 69.6 77 %}")
    assert Page(html).only("svg")["aria-label"] == "Score: 69.6, interval 61.3–77.0 of 0 to 100"
    assert "style" not in html


def test_interval_bar_without_an_end_is_unknown():
    assert text_of(rendered("{% interval_bar None 50 60 %}")) == "unknown"


def test_interval_bar_draws_ends_to_scale():
    (range_,) = re.findall(
        r'class="ib-range" x="([\d.]+)" y="5.5" width="([\d.]+)"', rendered("{% interval_bar 0 50 100 %}")
    )
    assert range_ == ("4.0", "152.0")


def test_contributions_are_drawn_to_scale_and_listed_with_the_unknown():
    parts = [("C1", "Fit", 25), ("C2", "Cost", None), ("C3", "Speed", 0), ("C4", "Risk", 12.5)]
    html = rendered("{% contribution_bar parts width=200 %}", parts=parts)
    widths = [attributes["width"] for tag, attributes in Page(html).tags if tag == "rect"]
    assert widths == ["100%", "25.00%", "12.50%"]
    table = text_of(html.split("<table")[1])
    assert table.endswith("Code Criterion Points C1 Fit 25.0 C2 Cost unknown C3 Speed 0.0 C4 Risk 12.5")


def test_progress_without_value_is_under_way():
    assert "value" not in Page(rendered('{% progress label="Rendering" %}')).only("progress")
    assert Page(rendered("{% progress 40 80 %}")).only("progress")["value"] == "40"
    assert text_of(rendered("{% progress 40 80 %}")) == "Progress 50% 50%"


def test_steps_mark_the_current_one_and_link_the_others():
    page = Page(rendered("{% steps items 2 %}", items=[("Product", "/1/"), ("Needs", "/2/"), "Review"]))
    assert [a["href"] for tag, a in page.tags if tag == "a"] == ["/1/"]
    assert [a.get("aria-current") for tag, a in page.tags if tag == "li"] == [None, "step", None]


def test_table_scrolls_in_a_named_region_one_can_reach_by_keyboard():
    region = Page(rendered('{% data_table "Sites" %}<tbody></tbody>{% enddata_table %}')).tags[0][1]
    assert (region["role"], region["aria-label"], region["tabindex"]) == ("region", "Sites", "0")


def test_confirmation_is_a_form_that_works_without_scripts():
    html = rendered(
        '{% confirm "Remove" "/remove/7/" %}It leaves the list.{% endconfirm %}', csrf_token="t0k3n"
    )
    page = Page(html)
    form = page.only("form")
    assert (form["method"], form["action"]) == ("post", "/remove/7/")
    assert 'value="t0k3n"' in html
    targets = {a["popovertarget"] for tag, a in page.tags if tag == "button" and "popovertarget" in a}
    assert targets == {a["id"] for _, a in page.tags if "popover" in a}


def test_chip_without_address_cannot_be_removed():
    assert "<a" not in rendered('{% chip "Germany" %}')


# -- pagination ------------------------------------------------------------------------------------


def pager(query: str, number: int, tag: str = "{% pagination page %}") -> Page:
    request = RequestFactory().get("/partners/?" + query)
    return Page(rendered(tag, page=Paginator(range(100), 10).page(number), request=request))


def test_pagination_keeps_every_other_parameter():
    links = [a["href"] for tag, a in pager("country=DE&country=IE&q=a%26b&page=4", 4).tags if tag == "a"]
    assert links[0] == "?country=DE&country=IE&q=a%26b&page=3"
    assert {link.rsplit("=", 1)[0] for link in links} == {"?country=DE&country=IE&q=a%26b&page"}


def test_pagination_marks_the_current_page_and_stops_at_the_ends():
    current = [a["href"] for _, a in pager("", 1).tags if a.get("aria-current") == "page"]
    assert current == ["?page=1"]
    assert [a["rel"] for _, a in pager("", 1).tags if "rel" in a] == ["next"]
    assert [a["rel"] for _, a in pager("", 10).tags if "rel" in a] == ["prev"]


def test_pagination_with_a_target_still_has_plain_links():
    links = [a for tag, a in pager("", 2, '{% pagination page target="#results" %}').tags if tag == "a"]
    assert links
    assert [a["hx-get"] for a in links] == [a["href"] for a in links]


def test_pagination_of_nothing_says_so():
    assert text_of(rendered("{% pagination page %}", page=Paginator([], 10).get_page(1))) == "Nothing found"


# -- forms -----------------------------------------------------------------------------------------


def field(name: str, data: dict | None = None, arguments: str = "") -> str:
    form = GalleryForm(data)
    return rendered("{% form_field form." + name + " " + arguments + " %}", form=form)


def test_field_ties_help_and_error_to_the_input_and_keeps_what_was_typed():
    html = field("volume", {"volume": "-3"}, 'help="Net" unit="L"')
    page = Page(html)
    attributes = page.only("input")
    assert attributes["value"] == "-3"
    assert attributes["aria-invalid"] == "true"
    assert attributes["aria-describedby"] == "id_volume_help id_volume_error"
    assert {"id_volume_help", "id_volume_error"} <= {a.get("id") for _, a in page.tags}
    assert page.only("label")["for"] == "id_volume"
    assert "greater than or equal to 1" in text_of(html)


def test_field_without_help_or_error_is_described_by_nothing():
    assert "aria-describedby" not in field("volume")


@pytest.mark.parametrize(("name", "data"), [("levels", {}), ("structure", {"name": "x"})])
def test_group_of_choices_is_a_fieldset_with_its_name(name, data):
    page = Page(field(name, data))
    assert [tag for tag, _ in page.tags][:2] == ["fieldset", "legend"]
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))


def test_optional_fields_say_so_and_required_ones_do_not():
    assert text_of(field("remarks")) == "Remarks optional"
    assert text_of(field("name", arguments='help="Full name"')) == "Product name Full name"


def test_single_box_stands_inside_its_label():
    assert [tag for tag, _ in Page(field("federal")).tags][:3] == ["div", "label", "input"]


def test_forwarded_attributes_land_on_the_input():
    attributes = Page(field("stage", arguments='hx_get="/x?a=1&b=2" enhance=True')).only("select")
    assert attributes["hx-get"] == "/x?a=1&b=2"
    assert "data-enhance" in attributes


def test_error_summary_links_to_each_field_and_lists_errors_of_the_whole_form():
    class Dates(forms.Form):
        start = forms.DateField()
        kind = forms.ChoiceField(widget=forms.RadioSelect, choices=[("a", "A")])
        secret = forms.CharField(widget=forms.HiddenInput)

        def clean(self):
            raise forms.ValidationError("The end is before the start.")

    html = rendered("{% form_errors form %}", form=Dates({"start": "soon"}))
    assert [a["href"] for tag, a in Page(html).tags if tag == "a"] == ["#id_start", "#id_kind_0"]
    assert text_of(html) == (
        "4 things need attention The end is before the start. Start : Enter a valid date. "
        "Kind : This field is required. Secret: This field is required."
    )


def test_form_without_errors_has_no_summary():
    assert rendered("{% form_errors form %}", form=GalleryForm()) == ""


# -- the gallery, and what holds for every page -------------------------------------------------------


@pytest.fixture(scope="module")
def gallery_html() -> str:
    request = RequestFactory().get("/components/")
    request.user = AnonymousUser()
    return gallery(request).content.decode()


def test_gallery_shows_every_component():
    source = (ROOT / "templates" / "components" / "gallery.html").read_text()
    hidden = {"page_header"}  # base.html calls it
    assert [
        name for name in COMPONENTS if name not in hidden and not re.search(r"{% " + name + r"\b", source)
    ] == []


def test_page_has_no_inline_style_script_or_handler(gallery_html):
    page = Page(gallery_html)
    assert [a for _, a in page.tags if any(name == "style" or name.startswith("on") for name in a)] == []
    assert [
        a for tag, a in page.tags if tag == "script" and not a.get("src") and a["type"] != "application/json"
    ] == []
    assert [tag for tag, _ in page.tags if tag == "style"] == []


def test_page_has_one_heading_one_main_and_the_skip_link_first(gallery_html):
    page = Page(gallery_html)
    names = [tag for tag, _ in page.tags]
    assert (names.count("h1"), names.count("main")) == (1, 1)
    assert next(a["href"] for tag, a in page.tags if tag == "a") == "#main"


def test_ids_of_a_page_are_unique(gallery_html):
    ids = [a["id"] for _, a in Page(gallery_html).tags if "id" in a]
    assert sorted(i for i in set(ids) if ids.count(i) > 1) == []


def test_references_by_id_lead_somewhere(gallery_html):
    page = Page(gallery_html)
    ids = {a["id"] for _, a in page.tags if "id" in a}
    names = ("for", "aria-describedby", "aria-labelledby", "popovertarget", "data-dialog-open")
    wanted = {part for _, a in page.tags for name in names if a.get(name) for part in a[name].split()}
    assert wanted - ids == set()


def test_gallery_does_not_exist_in_production():
    with override_settings(PRODUCTION=True), pytest.raises(Http404):
        gallery(RequestFactory().get("/components/"))
