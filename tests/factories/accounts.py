"""Factories of people and sponsors."""

import factory
from factory.django import DjangoModelFactory

from cmo_selector.accounts.models import Membership, Sponsor, User
from cmo_selector.accounts.roles import CURATOR_GROUP, Role

PASSWORD = "correct horse battery staple"


class SponsorFactory(DjangoModelFactory):
    class Meta:
        model = Sponsor

    name = factory.Sequence(lambda n: f"Sponsor {n}")
    size = Sponsor.Size.SMALL


class UserFactory(DjangoModelFactory):
    """A person without any membership, who signs in with `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(*args, **{"password": PASSWORD, **kwargs})


class SuperuserFactory(UserFactory):
    email = factory.Sequence(lambda n: f"superuser{n}@example.org")
    is_staff = True
    is_superuser = True


class CuratorFactory(UserFactory):
    """Staff in the curators' group, which has whatever permissions the migrations gave it."""

    email = factory.Sequence(lambda n: f"curator{n}@example.org")
    is_staff = True

    @factory.post_generation
    def group(self, create, extracted, **kwargs):
        from django.contrib.auth.models import Group

        if create:
            self.groups.add(Group.objects.get_or_create(name=CURATOR_GROUP)[0])


class MembershipFactory(DjangoModelFactory):
    """`MembershipFactory(role=Role.EVALUATOR).user` is an evaluator of a sponsor of their own."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    sponsor = factory.SubFactory(SponsorFactory)
    role = Role.MANAGER.value
