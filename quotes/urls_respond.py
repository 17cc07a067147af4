"""Addresses of partners without an account; the token is the key. Deliberately without a namespace of the sponsor."""

from django.urls import path

from quotes.views import respond, respond_files

urlpatterns = [
    path("<str:token>/", respond.respond, name="respond"),
    path("<str:token>/nda/", respond.nda, name="respond_nda"),
    path("<str:token>/save/", respond.save, name="respond_save"),
    path("<str:token>/autosave/", respond.autosave, name="respond_autosave"),
    path("<str:token>/bid-sheet.xlsx", respond.sheet_file, name="respond_sheet"),
    path("<str:token>/request.pdf", respond_files.package, {"ending": "pdf"}, name="respond_pdf"),
    path("<str:token>/request.xlsx", respond_files.package, {"ending": "xlsx"}, name="respond_xlsx"),
    path("<str:token>/files/<int:attachment_id>/", respond_files.file, name="respond_file"),
    path("<str:token>/upload/", respond.upload, name="respond_upload"),
    path("<str:token>/receipt/<int:number>/", respond.receipt, name="respond_receipt"),
    path("<str:token>/ask/", respond.ask, name="respond_ask"),
    path("<str:token>/clarify/<int:message_id>/", respond.clarify, name="respond_clarify"),
    path("<str:token>/decline/", respond.refuse, name="respond_decline"),
]
