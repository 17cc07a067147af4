"""Template components whose arguments are checked when the template is compiled.

``@component(library, "button", ("label",))`` above a function makes ``{% button "Save" icon="check" %}``.
The function's parameters *are* the component's arguments: an unknown or missing one is a TemplateSyntaxError
when the template is compiled, with the list of the known ones. The function returns the context of
``templates/components/<name>.html``, or the HTML itself.

With ``block=True`` the component wraps content, ``{% card title="Sites" %}…{% endcard %}``, given to the
function as ``body``; named parts, ``{% fill actions %}…{% endfill %}``, arrive under the names in ``fills``.
With ``forward=True`` arguments beginning with ``hx_``, ``data_`` or ``aria_`` become attributes of the main
element.
Any component can be kept for later: ``{% icon "check" as tick %}``.
"""

import inspect
import re
from collections.abc import Callable, Iterator

from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString

ARGUMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.+)", re.DOTALL)
FORWARDED = ("hx_", "data_", "aria_")


class FillNode(Node):
    """A named part of a block component; it is rendered by the component, never in place."""

    child_nodelists = ("nodelist",)

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        raise TemplateSyntaxError(f"fill {self.name} stands outside a component")


def parse_fill(parser: Parser, token: Token) -> FillNode:
    """``{% fill name %}…{% endfill %}``"""
    bits = token.split_contents()
    if len(bits) != 2:
        raise TemplateSyntaxError("fill takes exactly one name: {% fill actions %}")
    nodelist = parser.parse(("endfill",))
    parser.delete_first_token()
    return FillNode(bits[1], nodelist)


class ComponentNode(Node):
    """One use of a component in a template."""

    child_nodelists = ("nodelist", "fill_nodes")

    def __init__(
        self,
        name: str,
        function: Callable,
        arguments: dict[str, FilterExpression],
        attributes: dict[str, FilterExpression],
        nodelist: NodeList,
        fill_nodes: NodeList,
        target: str | None,
        options: "ComponentOptions",
    ) -> None:
        self.name = name
        self.function = function
        self.arguments = arguments
        self.attributes = attributes
        self.nodelist = nodelist
        self.fill_nodes = fill_nodes
        self.target = target
        self.options = options

    def render(self, context: Context) -> str:
        values = {name: expression.resolve(context) for name, expression in self.arguments.items()}
        if self.options.block:
            values["body"] = SafeString(self.nodelist.render(context).strip())
            for fill in self.fill_nodes:
                values[fill.name] = SafeString(fill.nodelist.render(context).strip())
        if self.options.forward:
            found = {name: expression.resolve(context) for name, expression in self.attributes.items()}
            values["attributes"] = html_attributes(found)
        if self.options.context:
            values["context"] = context
        try:
            answer = self.function(**values)
        except ValueError as error:
            raise TemplateSyntaxError(f"{self.name}: {error}") from error
        html = answer if isinstance(answer, str) else render_template(self.name, answer, context)
        if self.target:
            context[self.target] = html
            return ""
        return html


def render_template(name: str, values: dict, context: Context) -> SafeString:
    """The component's own template, seeing only its values, the request and the CSRF token."""
    inner = context.new(
        {**values, "request": context.get("request"), "csrf_token": context.get("csrf_token")}
    )
    return SafeString(get_template(f"components/{name}.html").template.render(inner).strip())


def html_attributes(values: dict[str, object]) -> SafeString:
    """`` hx-get="/x" data-count="3"``: None and False are left out, True is a bare attribute."""
    parts = [
        (name.replace("_", "-"), value)
        for name, value in values.items()
        if value is not None and value is not False
    ]
    return SafeString(
        "".join(format_html(" {}", n) if v is True else format_html(' {}="{}"', n, v) for n, v in parts)
    )


class ComponentOptions:
    """What a component's registration says about it."""

    def __init__(
        self, positional: tuple[str, ...], block: bool, fills: tuple[str, ...], forward: bool, context: bool
    ):
        self.positional = positional
        self.block = block
        self.fills = fills
        self.forward = forward
        self.context = context


class Arguments:
    """Reads the words of a tag against a function's signature."""

    def __init__(self, name: str, function: Callable, options: ComponentOptions) -> None:
        self.name = name
        self.options = options
        provided = {"body", "attributes", "context", *options.fills}
        parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in provided]
        self.known = [p.name for p in parameters]
        self.required = [p.name for p in parameters if p.default is inspect.Parameter.empty]

    def parse(self, parser: Parser, bits: list[str]) -> tuple[dict, dict]:
        """The known arguments and the forwarded attributes; a TemplateSyntaxError for anything else."""
        arguments: dict[str, FilterExpression] = {}
        attributes: dict[str, FilterExpression] = {}
        for name, value in self._named(bits):
            forwarded = self.options.forward and name.startswith(FORWARDED) and name not in self.known
            if name not in self.known and not forwarded:
                raise TemplateSyntaxError(
                    f"{self.name} does not take {name!r}; it takes: {', '.join(self.known)}"
                )
            if name in arguments or name in attributes:
                raise TemplateSyntaxError(f"{self.name} is given {name!r} twice")
            (attributes if forwarded else arguments)[name] = parser.compile_filter(value)
        missing = [name for name in self.required if name not in arguments]
        if missing:
            raise TemplateSyntaxError(f"{self.name} needs {', '.join(missing)}")
        return arguments, attributes

    def _named(self, bits: list[str]) -> Iterator[tuple[str, str]]:
        positions = iter(self.options.positional)
        for bit in bits:
            match = ARGUMENT.fullmatch(bit)
            if match:
                yield match["name"], match["value"]
                continue
            try:
                yield next(positions), bit
            except StopIteration:
                raise TemplateSyntaxError(f"{self.name} takes no further unnamed argument: {bit}") from None


def component(
    library: Library,
    name: str,
    args: tuple[str, ...] = (),
    *,
    block: bool = False,
    fills: tuple[str, ...] = (),
    forward: bool = False,
    context: bool = False,
) -> Callable[[Callable], Callable]:
    """Register the decorated function as the component ``name`` (see the module's docstring).

    ``args`` may be given without a name, in this order; ``context`` hands the template context over.
    """
    options = ComponentOptions(args, block, fills, forward, context)

    def register(function: Callable) -> Callable:
        reader = Arguments(name, function, options)

        def compile_tag(parser: Parser, token: Token) -> ComponentNode:
            bits = token.split_contents()[1:]
            target = None
            if len(bits) >= 2 and bits[-2] == "as":
                target, bits = bits[-1], bits[:-2]
            arguments, attributes = reader.parse(parser, bits)
            nodelist, fill_nodes = _parse_body(parser, name, options) if block else (NodeList(), NodeList())
            return ComponentNode(name, function, arguments, attributes, nodelist, fill_nodes, target, options)

        library.tag(name, compile_tag)
        COMPONENTS[name] = reader
        return function

    return register


def _parse_body(parser: Parser, name: str, options: ComponentOptions) -> tuple[NodeList, NodeList]:
    """The content up to ``end<name>``, its named fills taken out."""
    nodelist = parser.parse((f"end{name}",))
    parser.delete_first_token()
    body, fills = NodeList(), NodeList()
    for node in nodelist:
        if not isinstance(node, FillNode):
            body.append(node)
        elif node.name not in options.fills:
            known = ", ".join(options.fills) or "none"
            raise TemplateSyntaxError(f"{name} has no fill {node.name!r}; it has: {known}")
        elif node.name in [fill.name for fill in fills]:
            raise TemplateSyntaxError(f"{name} is given fill {node.name!r} twice")
        else:
            fills.append(node)
    body.contains_nontext = nodelist.contains_nontext
    return body, fills


COMPONENTS: dict[str, Arguments] = {}
