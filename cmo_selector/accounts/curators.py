"""The curators' group: kept in step with the catalogue's models after every migrate."""

from django.contrib.auth.management import create_permissions

from .roles import CURATOR_GROUP

READ_ONLY_MODELS = {  # written by importers and triggers only
    *("registerestablishment", "registerform483", "registeraction", "registerinspection", "registerlisting"),
    *("registerimport", "rejectedrow", "sheetrow", "change"),
}


def grant_catalogue(app_config, **kwargs) -> None:
    """post_migrate of `partners`: curators may do everything with the catalogue except forge register rows."""
    from django.contrib.auth.models import Group, Permission

    create_permissions(app_config, verbosity=0)
    group, _ = Group.objects.get_or_create(name=CURATOR_GROUP)
    permissions = Permission.objects.filter(content_type__app_label="partners").select_related("content_type")
    group.permissions.add(
        *(
            p
            for p in permissions
            if p.content_type.model not in READ_ONLY_MODELS or p.codename.startswith("view_")
        )
    )
