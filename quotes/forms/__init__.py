"""Forms of a project: its brief, its needs, its weights."""

from .need_forms import NeedForm, RuleForm
from .project_forms import ProductForm, StageForm
from .report_forms import PasscodeForm, ReportForm, ShareForm
from .weight_forms import WeightsForm

__all__ = [
    "NeedForm",
    "PasscodeForm",
    "ProductForm",
    "ReportForm",
    "RuleForm",
    "ShareForm",
    "StageForm",
    "WeightsForm",
]
