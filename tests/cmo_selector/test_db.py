"""A violated constraint becomes a form error by its name, and the transaction stays usable."""

import pytest
from django import forms
from django.db import IntegrityError

from cmo_selector.accounts.models import Membership, Sponsor, User
from cmo_selector.db import constraint_errors

pytestmark = pytest.mark.django_db


class EmailForm(forms.Form):
    email = forms.EmailField()


class MembershipForm(forms.Form):
    user = forms.CharField()
    sponsor = forms.CharField()


def bound(form_class, **data):
    form = form_class(data)
    assert form.is_valid()
    return form


def test_constraint_about_one_field_is_an_error_of_that_field():
    User.objects.create_user(email="ann@example.org", password=None)
    form = bound(EmailForm, email="ANN@example.org")
    with constraint_errors(form):
        User.objects.create(email="ANN@example.org")
    assert form.errors == {"email": ["There is already an account with that e-mail address."]}
    assert User.objects.count() == 1  # the surrounding transaction still works


def test_constraint_about_several_fields_is_an_error_above_the_form():
    user = User.objects.create_user(email="ann@example.org", password=None)
    sponsor = Sponsor.objects.create(name="Example sponsor")
    Membership.objects.create(user=user, sponsor=sponsor, role="viewer")
    form = bound(MembershipForm, user="ann", sponsor="example")
    with constraint_errors(form):
        Membership.objects.create(user=user, sponsor=sponsor, role="owner")
    assert form.errors == {"__all__": ["This person is already a member of that sponsor."]}
    assert list(Membership.objects.values_list("role", flat=True)) == ["viewer"]


def test_everything_inside_is_undone_together():
    User.objects.create_user(email="ann@example.org", password=None)
    form = bound(EmailForm, email="ann@example.org")
    with constraint_errors(form):
        User.objects.create(email="bob@example.org")
        User.objects.create(email="Ann@example.org")
    assert list(User.objects.values_list("email", flat=True)) == ["ann@example.org"]


def test_error_without_a_declared_constraint_is_raised():
    form = bound(EmailForm, email="ann@example.org")
    with pytest.raises(IntegrityError, match="null value"), constraint_errors(form):
        User.objects.create(email=None)


def test_success_leaves_the_form_clean():
    form = bound(EmailForm, email="ann@example.org")
    with constraint_errors(form):
        User.objects.create(email="ann@example.org")
    assert not form.errors
    assert User.objects.count() == 1
