"""Pages of a list by what an address asks for, which may be anything."""

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator

from partners.forms import quoted


def page_or_nearest(paginator: Paginator, asked: str) -> tuple[Page, str]:
    """The page asked for, or the nearest one there is with a remark that says so."""
    try:
        return paginator.page(asked), ""
    except PageNotAnInteger:
        return paginator.page(1), f"{quoted(asked)} is not a page number; this is the first page."
    except EmptyPage:
        last = paginator.num_pages
        pages = "there is only one page" if last == 1 else f"there are {last:,} pages"
        return paginator.page(last), f"There is no page {quoted(asked)}: {pages}. This is the last one."
