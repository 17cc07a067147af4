"""Forms of a project: its brief, its needs, its weights."""

from .need_forms import NeedForm, RuleForm
from .project_forms import ProductForm, StageForm
from .weight_forms import WeightsForm

__all__ = ["NeedForm", "ProductForm", "RuleForm", "StageForm", "WeightsForm"]
