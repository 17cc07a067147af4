"""Report files in an S3-compatible store: a real server that speaks the protocol over HTTP, stopped and damaged."""

import datetime as dt
import socket
import subprocess
import sys
import time

import boto3
import pytest
from django.urls import reverse
from django.utils import timezone

from cmo_selector.storage import file_storage
from quotes.models import Report
from quotes.services import report_files, report_upkeep, reports
from tests.factories.accounts import MembershipFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 nominal"
BUCKET = "cmo-files"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """moto as a process of its own; `client` is the operator's view of the bucket."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                assert self.process.poll() is None, "the server did not start"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.1)
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def stored(self) -> list[str]:
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def stop(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server():
    server = Server()
    server.client.create_bucket(Bucket=BUCKET)
    yield server
    server.stop()


@pytest.fixture
def bucket(server, settings, monkeypatch):
    """The site's storage is the bucket; `bucket(endpoint=…, name=…)` points it elsewhere."""

    def point(*, endpoint=server.endpoint, name=BUCKET):
        monkeypatch.setenv("FILE_STORAGE_URL", f"s3://{name}/site?region=us-east-1&endpoint={endpoint}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        settings.STORAGES = {**settings.STORAGES, "default": file_storage("FILE_STORAGE_URL")}

    point()
    yield point
    for key in server.stored():
        server.client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def running(bucket, scene) -> Report:
    return reports.claim(reports.request_report(actor=scene.user, project=scene.project).pk)


@pytest.fixture
def done(running) -> Report:
    reports.finish(running, PDF, 9)
    running.refresh_from_db()
    return running


def address(name, report):
    return reverse(f"quotes:{name}", args=[report.project_id, report.pk])


def test_a_finished_report_is_an_object_below_the_prefix_and_is_read_back(server, done):
    assert server.stored() == [f"site/{done.file.name}"]
    assert done.file.name.startswith(f"reports/{done.project.sponsor_id}/{done.pk}/")
    assert report_files.read_file(done) == PDF
    assert report_files.size_of(done) == len(PDF)


def test_the_file_goes_out_through_the_permission_check_and_is_kept_nowhere(client, done, scene):
    download = address("report_download", done)
    client.force_login(MembershipFactory(role="evaluator", sponsor=scene.sponsor).user)
    assert client.get(download).status_code == 403
    client.force_login(MembershipFactory().user)
    assert client.get(download).status_code == 404
    client.force_login(scene.user)
    response = client.get(download)
    assert b"".join(response.streaming_content) == PDF
    assert "no-store" in response["Cache-Control"]
    page = client.get(address("report", done)).content.decode()
    assert BUCKET not in page, "no address in the bucket is handed out"


def test_a_bucket_s_own_address_is_signed_and_ends_within_a_minute(done):
    assert "X-Amz-Expires=60" in done.file.url
    assert "X-Amz-Signature=" in done.file.url


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_object_is_not_handed_out(client, server, done, scene, damage):
    key = f"site/{done.file.name}"
    if damage == "missing":
        server.client.delete_object(Bucket=BUCKET, Key=key)
    else:
        server.client.put_object(Bucket=BUCKET, Key=key, Body=PDF + b"!")
    client.force_login(scene.user)
    assert report_files.read_file(done) is None
    assert client.get(address("report_download", done)).status_code == 410


def test_a_store_that_does_not_answer_is_named_and_nothing_is_given_up(client, bucket, done, scene):
    client.force_login(scene.user)
    bucket(endpoint=f"http://127.0.0.1:{free_port()}")
    response = client.get(address("report_download", done))
    assert response.status_code == 503
    assert "The store of files does not answer" in response.content.decode()
    page = client.get(address("report", done))
    assert (page.status_code, "cannot be fetched at the moment" in page.content.decode()) == (200, True)
    assert reports.request_report(actor=scene.user, project=scene.project).pk == done.pk, "not made again"
    bucket()
    assert client.get(address("report_download", done)).status_code == 200


def test_a_refused_upload_is_not_stored_and_leaves_the_row_to_its_worker(bucket, running):
    bucket(name="nobodys-bucket")
    with pytest.raises(report_files.NotStored):
        reports.finish(running, PDF, 9)
    running.refresh_from_db()
    assert (running.state, running.file.name) == ("running", "")


def test_every_attempt_has_an_object_of_its_own_and_leftovers_go(server, running):
    orphan = report_files.store(report_files.new_name(running), b"what an attempt that died left").name
    Report.objects.filter(pk=running.pk).update(state="queued")
    again = reports.claim(running.pk)
    reports.finish(again, PDF, 9)
    again.refresh_from_db()
    assert again.file.name != orphan
    assert server.stored() == [f"site/{again.file.name}"]


def test_an_attempt_that_lost_its_row_removes_its_own_object_only(server, running):
    Report.objects.filter(pk=running.pk).update(state="queued")
    again = reports.claim(running.pk)
    reports.finish(again, PDF, 9)
    with pytest.raises(reports.LeaseLost):
        reports.finish(running, PDF, 9)
    again.refresh_from_db()
    assert server.stored() == [f"site/{again.file.name}"]
    assert report_files.read_file(again) == PDF


def test_retention_deletes_the_object(server, done):
    Report.objects.update(finished_at=timezone.now() - dt.timedelta(days=31))
    assert report_upkeep.remove_old_files(days=30) == [done.pk]
    assert server.stored() == []


def test_retention_comes_back_to_a_file_that_the_store_would_not_delete(server, bucket, done):
    Report.objects.update(finished_at=timezone.now() - dt.timedelta(days=31))
    bucket(endpoint=f"http://127.0.0.1:{free_port()}")
    assert report_upkeep.remove_old_files(days=30) == []
    done.refresh_from_db()
    assert done.file_removed_at is None
    bucket()
    assert report_upkeep.remove_old_files(days=30) == [done.pk]
    assert server.stored() == []
