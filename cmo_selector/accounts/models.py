"""People, the sponsor organisations they work for, and their role there."""

import base64

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.functions import Lower

from .roles import CURATOR_GROUP, Role


class UserManager(DjangoUserManager):
    """Users sign in with their e-mail address; there is no user name."""

    def _create_user(self, email, password, **extra):
        if not email:
            raise ValueError("An e-mail address is required.")
        user = self.model(email=email.strip().lower(), **extra)  # allauth looks addresses up in lower case
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email, password=None, **extra):
        extra.setdefault("is_staff", False)
        extra.setdefault("is_superuser", False)
        return self._create_user(email, password, **extra)

    def create_superuser(self, email, password=None, **extra):
        return self._create_user(email, password, **{**extra, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)


class User(AbstractUser):
    """A person. Curators are staff in the group `CURATOR_GROUP`; everything else follows from memberships."""

    username = None
    first_name = None
    last_name = None
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=160, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()

    class Meta:
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                violation_error_message="There is already an account with that e-mail address.",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    @property
    def is_curator(self) -> bool:
        """Costs a query for staff."""
        return (
            self.is_active
            and self.is_staff
            and (self.is_superuser or self.groups.filter(name=CURATOR_GROUP).exists())
        )


class Sponsor(models.Model):
    """The organisation that looks for a partner: the tenant. Nothing of one sponsor is visible to another."""

    class Size(models.TextChoices):
        VIRTUAL = "virtual", "Virtual (no own laboratory)"
        SMALL = "small", "Small"
        MID = "mid", "Mid-size"
        LARGE = "large", "Large"

    name = models.CharField(max_length=160, unique=True)
    size = models.CharField(max_length=10, choices=Size, blank=True)
    illustrative = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class SponsorBrand(models.Model):
    """How a sponsor's reports look: accent colour and logo. Without a row they look like the product.

    `logo` holds what `brand.clean_logo` made: a PNG without metadata, or an SVG without scripts and references.
    """

    class LogoType(models.TextChoices):
        PNG = "image/png", "PNG"
        SVG = "image/svg+xml", "SVG"

    sponsor = models.OneToOneField(Sponsor, models.CASCADE, related_name="brand")
    accent = models.CharField(max_length=7, blank=True)
    logo = models.BinaryField(blank=True, default=bytes)
    logo_type = models.CharField(max_length=16, choices=LogoType, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accent="") | models.Q(accent__regex=r"^#[0-9a-f]{6}$"),
                name="brand_accent_is_a_colour",
                violation_error_message="Give the colour as # and six digits, such as #0b6474.",
            ),
            models.CheckConstraint(
                condition=models.Q(logo=b"", logo_type="") | (~models.Q(logo=b"") & ~models.Q(logo_type="")),
                name="brand_logo_has_type",
                violation_error_message="A logo needs its type.",
            ),
        ]

    def __str__(self) -> str:
        return f"Look of {self.sponsor}"

    @property
    def logo_uri(self) -> str:
        """The logo as a data URL; empty without one."""
        if not self.logo:
            return ""
        return f"data:{self.logo_type};base64,{base64.b64encode(self.logo).decode('ascii')}"


class Membership(models.Model):
    """A person's role at one sponsor."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    sponsor = models.ForeignKey(Sponsor, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices())
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["sponsor__name", "user__email"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "sponsor"],
                name="membership_once_per_sponsor",
                violation_error_message="This person is already a member of that sponsor.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.sponsor} ({self.role})"


class ApiToken(models.Model):
    """A token with which a program reads the API as a person at one sponsor, or as a curator without one.

    Only the hash is kept; `hint` is the beginning of the token, by which its owner knows it.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    sponsor = models.ForeignKey(Sponsor, models.CASCADE, null=True, blank=True, related_name="api_tokens")
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "user",
                Lower("name"),
                condition=models.Q(revoked_at=None),
                name="api_token_name_once",
                violation_error_message="You already have a token with that name.",
            )
        ]

    def __str__(self) -> str:
        return self.name
