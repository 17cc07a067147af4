"""What the desk's pages of uploaded files share: the upload page guarded by size, and the acts on a job."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from cmo_selector.audit.desk import ReadOnlyAdmin
from cmo_selector.http import whole_number
from partners.enums import UploadState
from partners.importers.files import MEGABYTE
from partners.importers.jobs import SIZE_LIMIT, UploadError
from partners.models.upload_job import UploadJob

FORM_OVERHEAD = MEGABYTE  # bytes of a request that are not the file


class UploadJobAdmin(ReadOnlyAdmin):
    """The list of jobs of one kind, the page that uploads a file, and the page of each job.

    A concrete admin has `form_page`, `upload` (a valid form → the job, or UploadError), `page_context` and the acts
    `apply_view`, `cancel_view`, `retry_view` and `rejected_view`.
    """

    list_select_related = ("uploaded_by",)
    list_filter_submit = True
    form_title = ""
    form_template = ""
    page_template = ""

    @display(
        description="State",
        label={"Applied": "success", "Failed": "danger", "Read, not applied yet": "warning"},
    )
    def told_state(self, job: UploadJob) -> str:
        return job.get_state_display()

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm(f"partners.add_{self.opts.model_name}")  # type: ignore[union-attr]

    def get_urls(self) -> list:
        name = f"partners_{self.opts.model_name}"

        def act(what: str, view: Any) -> Any:
            guarded = self.admin_site.admin_view(require_POST(view))
            return path(f"<int:pk>/{what}/", guarded, name=f"{name}_{what}")

        rejected = self.admin_site.admin_view(require_GET(self.rejected_view))  # type: ignore[attr-defined]
        return [
            path("add/", self.guarded_add_view, name=f"{name}_add"),
            act("apply", self.apply_view),  # type: ignore[attr-defined]
            act("cancel", self.cancel_view),  # type: ignore[attr-defined]
            act("retry", self.retry_view),  # type: ignore[attr-defined]
            path("<int:pk>/rejected.csv", rejected, name=f"{name}_rejected"),
            *super().get_urls(),
        ]

    # -- pages ------------------------------------------------------------------------------------

    @property
    def guarded_add_view(self) -> Any:
        """The upload page; a request that is too large is refused before anything reads its body."""
        inner = self.admin_site.admin_view(self.upload_view)  # protects against forgery itself

        @csrf_exempt
        def view(request: HttpRequest) -> HttpResponse:
            length = request.META.get("CONTENT_LENGTH") or "0"
            size = whole_number(length)
            if size is None or size > SIZE_LIMIT + FORM_OVERHEAD:
                message = (
                    f"The file is larger than {SIZE_LIMIT // MEGABYTE} MB, the most that can be uploaded."
                )
                return HttpResponse(message, status=413, content_type="text/plain; charset=utf-8")
            return inner(request)

        return view

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.upload_form(request)  # type: ignore[attr-defined]
        if request.method == "POST" and form.is_valid():
            try:
                job = self.upload(request, form)  # type: ignore[attr-defined]
            except UploadError as error:
                form.add_error("file", str(error))
            else:
                return redirect(f"admin:partners_{self.opts.model_name}_change", job.pk)
        context = self._context(request, title=self.form_title, form=form)
        return render(request, self.form_template, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if whole_number(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        job = get_object_or_404(self.model._default_manager.select_related("uploaded_by"), pk=object_id)
        shared = {
            "title": str(job),
            "upload": job,
            "report": job.report or {},
            "previewed": job.state == UploadState.READY,
            "may_cancel": job.working or job.state == UploadState.READY,
            "applying": job.aim == "apply",
        }
        context = self._context(request, **shared, **self.page_context(request, job))  # type: ignore[attr-defined]
        return render(request, self.page_template, context)

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, **more}

    # -- acts -------------------------------------------------------------------------------------

    def may_act(self, request: HttpRequest, job: UploadJob) -> bool:
        return self.has_add_permission(request)

    def act(self, request: HttpRequest, pk: int, do: Any) -> HttpResponse:
        """Call `do` with the job; what it refuses is told on the job's page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        job = get_object_or_404(self.model, pk=pk)
        if not self.may_act(request, job):
            raise PermissionDenied
        try:
            do(job)
        except UploadError as error:
            messages.error(request, str(error))
        return redirect(f"admin:partners_{self.opts.model_name}_change", pk)
