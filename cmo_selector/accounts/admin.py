"""People, sponsors and memberships."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from cmo_selector.audit.desk import AuditedAdmin

from .models import Membership, Sponsor, User


class LowerCaseEmail:
    """Sign-in looks e-mail addresses up in lower case, so that is how they are stored."""

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class PersonCreationForm(LowerCaseEmail, UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class PersonChangeForm(LowerCaseEmail, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    tab = True
    autocomplete_fields = ("user", "sponsor")


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin):
    """Accounts have no user name: the e-mail address signs in."""

    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("email", "name")
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (
            "Access",
            {
                "fields": ("is_active", "is_staff", "is_superuser", "groups"),
                "description": "Curators are staff in the group “Curators”. What somebody may do for a "
                "sponsor follows from the membership below.",
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)
    inlines = (MembershipInline,)

    def get_inlines(self, request, obj):
        return self.inlines if obj else ()


@admin.register(Sponsor)
class SponsorAdmin(AuditedAdmin):
    list_display = ("name", "size", "illustrative", "created_at")
    list_filter = (("size", ChoicesDropdownFilter), "illustrative")
    list_filter_submit = True
    search_fields = ("name",)
    inlines = (MembershipInline,)


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    list_display = ("user", "sponsor", "role", "created_at")
    list_select_related = ("user", "sponsor")
    list_filter = (("role", ChoicesDropdownFilter),)
    list_filter_submit = True
    search_fields = ("user__email", "user__name", "sponsor__name")
    autocomplete_fields = ("user", "sponsor")


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(AuditedAdmin, DjangoGroupAdmin):
    pass
