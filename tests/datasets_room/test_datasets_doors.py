"""Stock git and DVC, with a token, against our own server."""

import base64
import gzip
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from tests.stored import blob_file

from lode_datasets import git, repositories, versions
from lode_datasets.models import Entry, Version
from lode_datasets.publish import publish
from lode_datasets.selection import add_items, create_dataset, remove_items
from lode_platform import throttle, token_uses
from lode_platform.callers import Caller
from lode_platform.jobs import Work
from lode_platform.store import store
from lode_platform.tokens import make_token, revoke


def _with_token(url: str, token: str) -> str:
    return url.replace("http://", f"http://git:{token}@")


@pytest.fixture
def v1_v2(site: str, cells: Any) -> tuple[Any, Any]:
    """Two published versions: the second adds items, takes one out, relabels one."""
    items = cells.add(6)
    cells.add(2, labelled=False)
    first = cells.publish("first")
    cells.add(3)
    remove_items(cells.dataset, cells.user, items[:1])
    cells.label(items[1], [cells.box(items[1], 0, 2)])
    return first, cells.publish("second")


def _tree(folder: Path) -> dict[str, bytes]:
    """The files of a folder, but for those that point at others."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.suffix != ".dvc" and f.name != ".gitignore"}


def _held(version: Any) -> dict[str, bytes]:
    return {row.path: blob_file(row.md5).read_bytes() for row in versions.manifest_rows(version)}


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_stock_git_and_dvc_read_every_version_byte_for_byte(
    site: str, cells: Any, outside: Any, v1_v2: tuple[Any, Any]
) -> None:
    v1, v2 = v1_v2
    token = cells.token()
    url = _with_token(repositories.git_url(cells.dataset), token)
    outside.git("clone", "-q", url, "work")
    work = outside.folder / "work"
    outside.git("fsck", "--strict", "--full", at=work)
    assert outside.git("rev-parse", "HEAD", "v1^{commit}", at=work).stdout.split() == [v2.commit, v1.commit]
    outside.dvc("remote", "modify", "--local", "store", "password", token, at=work)
    outside.dvc("pull", "-q", at=work)
    assert _tree(work / "data") == _held(v2)
    assert outside.dvc("status", at=work).stdout.strip().endswith("up to date.")
    outside.git("checkout", "-q", "v1", at=work)
    outside.dvc("pull", "-q", at=work)
    assert _tree(work / "data") == _held(v1)
    readme = (work / "README.md").read_text()
    assert v1.digest in readme
    assert {place.split("/")[0] for place in _held(v1)} <= set(re.findall(r"[a-z]+(?:\.jsonl?)?", readme))

    gone = next(path for path in _held(v1) if path.startswith("items/") and path not in _held(v2))
    secret = ["--remote-config", f"password={token}"]
    outside.dvc("get", "-q", url, f"data/{gone}", "--rev", "v1", "-o", "one.png", *secret)
    assert (outside.folder / "one.png").read_bytes() == _held(v1)[gone]
    listed = outside.dvc("ls", "-R", url, "data", "--rev", "v2", *secret).stdout.split()
    pointers = {".gitignore", *(f"{name}.dvc" for name in ("items", *versions.LINES))}
    assert sorted(set(listed) - pointers) == sorted(_held(v2))
    program = (
        "import sys, dvc.api\n"
        "url, token, rev, path = sys.argv[1:]\n"
        "with dvc.api.open(path, repo=url, rev=rev, mode='rb', remote_config={'password': token}) as f:\n"
        "    print(f.read().hex())\n"
    )
    splits = outside.python(program, url, token, "v1", "data/splits/v000001-base-00000.jsonl").strip()
    assert bytes.fromhex(splits) == _held(v1)["splits/v000001-base-00000.jsonl"]
    with pytest.raises(AssertionError):  # a file of v1 does not open at v2
        outside.python(program, url, token, "v2", f"data/{gone}")


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_dvc_import_follows_a_dataset_to_its_next_version_and_commits_no_token(
    site: str, cells: Any, outside: Any, v1_v2: tuple[Any, Any]
) -> None:
    """As docs/versions.md has it: git keeps the token in its store, DVC reads it from a file nobody commits."""
    v1, v2 = v1_v2
    token, url = cells.token(), repositories.git_url(cells.dataset)
    own = outside.folder / "own"
    own.mkdir()
    outside.git("init", "-q", at=own)
    outside.dvc("init", "-q", at=own)
    outside.git("config", "--global", "credential.helper", "store", at=own)
    outside.call(
        "sh", "-c", f"printf 'url={site}\nusername=git\npassword={token}\n\n' | git credential approve", at=own
    )
    (own / ".git" / "motherlode").write_text(f"['remote \"store\"']\n    password = {token}\n")
    outside.dvc("import", "-q", url, "data", "--rev", "v1", "--config", ".git/motherlode", at=own)
    assert _tree(own / "data") == _held(v1)
    outside.dvc("update", "-q", "--rev", "v2", "data.dvc", at=own)
    assert _tree(own / "data") == _held(v2)
    outside.git("add", "--all", at=own)
    outside.git("commit", "-q", "-m", "data", at=own)
    assert "data.dvc" in outside.git("ls-files", at=own).stdout.split()
    assert outside.git("grep", "-c", "-F", token, "HEAD", at=own, check=False).stdout == ""

    outside.dvc("get", "-q", url, "data", "--rev", "v1", "--config", ".git/motherlode", "-o", "copy", at=own)
    assert _tree(own / "copy") == _held(v1)


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_pointer_and_listing_are_those_of_stock_dvc_add(
    site: str, cells: Any, outside: Any, v1_v2: tuple[Any, Any]
) -> None:
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta
    from dvc_data.hashfile.tree import Tree

    version = v1_v2[1]
    for name, oid in {"items": version.dir_oid, **version.listings}.items():
        tree: Any = Tree()  # type: ignore[no-untyped-call]
        for row in versions.manifest_rows(version):
            if row.path.startswith(f"{name}/"):
                tree.add(tuple(row.path.split("/")[1:]), Meta(size=row.size), HashInfo("md5", row.md5))
        tree.digest()
        assert tree.oid == oid
        assert tree.as_bytes() == blob_file(oid[:32], directory=True).read_bytes()

    own = outside.folder / "own"
    own.mkdir()
    outside.git("init", "-q", at=own)
    outside.dvc("init", "-q", at=own)
    for path, data in _held(version).items():
        (own / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        (own / "data" / path).write_bytes(data)
    names = ["items", *version.listings]
    outside.dvc("add", "-q", *[f"data/{name}" for name in names], at=own)
    files = repositories.release(version).files
    for name in names:
        assert (own / "data" / f"{name}.dvc").read_bytes() == files[f"data/{name}.dvc"]
    assert sorted((own / "data" / ".gitignore").read_bytes().split()) == files["data/.gitignore"].split()


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_who_publishes_by_another_host_leads_nobody_and_no_token_there(site: str, cells: Any, outside: Any) -> None:
    cells.add(2)
    heard: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        headers = {"Host": f"127.0.0.1:{listener.server_port}", "Authorization": f"Bearer {make_token(cells.user)[1]}"}
        asked = httpx.post(f"{site}/api/v1/projects/blood/datasets/cells/publish", json={}, headers=headers)
        assert asked.status_code == 202 and cells.run_jobs() == 1
        version = Version.objects.get()
        assert version.server_url == site and asked.json()["version"]["dvc_url"].startswith(f"{site}/dvc/")
        token = cells.token()
        outside.git("clone", "-q", _with_token(repositories.git_url(cells.dataset), token), "work")
        work = outside.folder / "work"
        assert f"url = {site}/dvc/blood/cells\n" in (work / ".dvc" / "config").read_text()
        outside.dvc("remote", "modify", "--local", "store", "password", token, at=work)
        outside.dvc("pull", "-q", at=work)
        listener.shutdown()
    assert _tree(work / "data") == _held(version) and heard == []


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_nobody_pushes(site: str, cells: Any, outside: Any, v1_v2: tuple[Any, Any]) -> None:
    url = _with_token(repositories.git_url(cells.dataset), cells.token())
    outside.git("clone", "-q", url, "work")
    outside.git("commit", "-q", "--allow-empty", "-m", "mine", at=outside.folder / "work")
    pushed = outside.git("push", "origin", "HEAD", at=outside.folder / "work", check=False)
    assert pushed.returncode != 0
    assert outside.git("ls-remote", url, "HEAD").stdout.split()[0] == v1_v2[1].commit


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_client_that_has_a_version_fetches_the_next_one(
    site: str, cells: Any, outside: Any, v1_v2: tuple[Any, Any]
) -> None:
    url = _with_token(repositories.git_url(cells.dataset), cells.token())
    outside.git("clone", "-q", url, "work")
    work = outside.folder / "work"
    for number in range(3, 28):  # enough that git sends its wants and haves zipped
        cells.add(1)
        last = cells.publish(f"number {number}")
    outside.git("pull", "-q", at=work)
    assert outside.git("rev-parse", "HEAD", at=work).stdout.strip() == last.commit
    outside.git("fsck", "--strict", "--full", at=work)


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_clones_during_publishing_never_fail(site: str, cells: Any, outside: Any) -> None:
    cells.add(2)
    cells.publish()
    url = _with_token(repositories.git_url(cells.dataset), cells.token())
    failures: list[str] = []
    over = threading.Event()

    def clone(worker: int) -> None:
        number = 0
        while number < 3 or not over.is_set():
            done = outside.git("clone", "-q", url, f"clone-{worker}-{number}", check=False)
            if done.returncode:
                failures.append(done.stderr)
            number += 1

    threads = [threading.Thread(target=clone, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _number in range(10):
            cells.add(1)
            cells.publish()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[:3]


# -- who is let in ---------------------------------------------------------------------------------------------------


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"git:{token}".encode()).decode()


def _addresses(version: Any) -> list[str]:
    blob = versions.entries(version)[0].blob
    home = f"/dvc/{version.dataset.project.name}/{version.dataset.name}/files/md5"
    return [
        f"/git/{version.dataset.project.name}/{version.dataset.name}.git/info/refs?service=git-upload-pack",
        f"{home}/{blob.md5[:2]}/{blob.md5[2:]}",
        f"{home}/{version.dir_oid[:2]}/{version.dir_oid[2:]}",
    ]


def test_without_a_token_the_doors_ask_for_one_and_a_stranger_finds_nothing(
    cells: Any, client: Any, charlie: Any, bob: Any
) -> None:
    from lode_platform.tokens import make_token

    cells.add(2)
    version = cells.publish()
    good, stranger, annotator = cells.token(), make_token(charlie)[1], make_token(bob)[1]
    for address in _addresses(version):
        asked = client.get(address)
        assert asked.status_code == 401
        assert asked["WWW-Authenticate"].startswith("Basic")
        assert int(asked["Content-Length"]) == len(asked.content)
        assert client.get(address, headers={"authorization": _basic("lode_x_y")}).status_code == 401
        refused = client.get(address, headers={"authorization": _basic(stranger)})
        assert refused.status_code == 404
        assert int(refused["Content-Length"]) == len(refused.content)
        assert client.get(address, headers={"authorization": _basic(annotator)}).status_code == 403
        assert client.get(address, headers={"authorization": _basic(good)}).status_code == 200
        assert client.get(address, headers={"x-api-token": good}).status_code == 200
        assert client.get(address, headers={"authorization": f"Bearer {good}"}).status_code == 200
        assert client.delete(address, headers={"x-api-token": good}).status_code == 405


def test_wrong_tokens_count_as_those_of_the_api_and_are_told_to_wait(cells: Any, client: Any) -> None:
    cells.add(1)
    [git_address, blob_address, _] = _addresses(cells.publish())
    sender = {"REMOTE_ADDR": "192.0.2.60"}
    for _ in range(throttle.TOKENS):
        assert client.get("/api/v1/me", headers={"authorization": "Bearer lode_x_y"}, **sender).status_code == 401
    for address in (git_address, blob_address):
        refused = client.get(address, headers={"authorization": _basic("lode_x_y")}, **sender)
        assert (refused.status_code, refused["Content-Type"]) == (429, "text/plain; charset=utf-8")
        assert 0 < int(refused["Retry-After"]) <= throttle.TOKEN_SECONDS
        assert client.get(address, headers={"authorization": _basic(cells.token())}, **sender).status_code == 200


def test_while_the_database_is_away_git_and_dvc_are_told_so_in_plain_words(cells: Any, client: Any) -> None:
    cells.add(1)
    addresses = _addresses(cells.publish())
    auth = {"authorization": _basic(cells.token())}

    def away(*_: Any) -> None:
        raise OperationalError("the connection is closed")

    with connection.execute_wrapper(away):
        answers = [client.get(address, headers=auth) for address in addresses]
    for answer in answers:
        assert (answer.status_code, answer["Content-Type"]) == (503, "text/plain; charset=utf-8")
        assert int(answer["Retry-After"]) > 0
        assert answer.content == b"The database cannot be reached at the moment; try again soon.\n"


def test_a_blob_is_served_whole_in_parts_and_by_its_head(cells: Any, client: Any) -> None:
    cells.add(1)
    version = cells.publish()
    address = _addresses(version)[1]
    auth = {"x-api-token": cells.token()}
    data = blob_file(versions.entries(version)[0].blob.md5).read_bytes()
    head = client.head(address, headers=auth)
    assert (head.status_code, int(head["Content-Length"]), head.content) == (200, len(data), b"")
    assert b"".join(client.get(address, headers=auth).streaming_content) == data
    part = client.get(address, headers={**auth, "range": "bytes=3-9"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, data[3:10])
    assert part["Content-Range"] == f"bytes 3-9/{len(data)}"


def test_a_blob_is_read_in_one_statement_and_a_listing_and_a_pack_in_two_until_the_token_is_revoked(
    cells: Any, client: Any
) -> None:
    cells.add(3)
    version = cells.publish()
    [_, blob, _] = _addresses(version)
    listing = f"/dvc/blood/cells/files/md5/{version.dir_oid[:2]}/{version.dir_oid[2:]}"
    token, text = make_token(cells.user, project=cells.project, role="viewer")
    auth = {"x-api-token": text}
    asked = json.dumps({"oids": [entry.blob.md5 for entry in versions.entries(version)]})

    def pack() -> Any:
        return client.post("/dvc/blood/cells/pack", asked, content_type="application/json", headers=auth)

    asks: list[tuple[int, Any]] = [
        (1, lambda: client.get(blob, headers=auth)),
        (1, lambda: client.head(blob, headers=auth)),
        (2, lambda: client.get(listing, headers=auth)),
        (2, pack),
    ]
    for most, ask in asks:
        with CaptureQueriesContext(connection) as said:
            answer = ask()
        assert (answer.status_code, len(said)) == (200, most)
        assert "sandbox" in answer["Content-Security-Policy"]
    token_uses.write()
    token.refresh_from_db()
    assert token.last_used_at is not None
    revoke(token, cells.user)
    assert [ask().status_code for _, ask in asks] == [401] * 4


def test_a_blob_is_answered_before_pages_are_thought_of_and_under_our_own_name_alone(cells: Any, client: Any) -> None:
    cells.add(1)
    address = _addresses(cells.publish())[1]
    auth = {"x-api-token": cells.token(), "accept-language": "de"}
    with translation.override("de"):
        answer = client.get(address, headers=auth)
    assert answer.status_code == 200 and answer["X-Content-Type-Options"] == "nosniff"
    assert not {"Vary", "Content-Language"} & {*answer.headers}
    assert client.get(address, headers={**auth, "host": "elsewhere.example"}).status_code == 400
    assert client.get(address).status_code == 401


def test_what_is_no_request_of_git_or_dvc_is_refused_in_words(cells: Any, client: Any) -> None:
    cells.add(1)
    address = _addresses(cells.publish())[1]
    auth = {"x-api-token": cells.token()}
    torn = gzip.compress(b"0032want " * 100)
    torn = torn[:12] + b"\xff\xff\xff\xff" + torn[16:]
    zipped = {**auth, "content-encoding": "gzip"}
    kind = "application/x-git-upload-pack-request"
    for body, headers in [(torn, zipped), (b"no gzip", zipped), (b"0032want \xff", auth), (b"zzzz", auth), (b"", auth)]:
        answer = client.post("/git/blood/cells.git/git-upload-pack", body, content_type=kind, headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    deep = client.post("/dvc/blood/cells/pack", "[" * 100_000, content_type="application/json", headers=auth)
    assert (deep.status_code, b"oids" in deep.content) == (400, True)
    for far in ("bytes=" + "9" * 5_000 + "-", "bytes=-" + "9" * 5_000):
        assert client.get(address, headers={**auth, "range": far}).status_code in (200, 416)


def test_only_what_a_published_version_of_this_dataset_holds_is_served(cells: Any, client: Any) -> None:
    cells.add(1)
    version = cells.publish()
    waiting = cells.add(1)[0]
    auth = {"x-api-token": cells.token()}
    md5 = waiting.blob.md5
    address = f"/dvc/blood/cells/files/md5/{md5[:2]}/{md5[2:]}"
    assert client.get(address, headers=auth).status_code == 404
    publish(cells.dataset, cells.user, message="not carried out yet")
    assert client.get(address, headers=auth).status_code == 404
    refs = client.get(_addresses(version)[0], headers=auth).content
    assert b"refs/versions/v1" in refs and b"v2" not in refs
    cells.run_jobs()
    assert client.get(address, headers=auth).status_code == 200
    assert b"refs/versions/v2" in client.get(_addresses(version)[0], headers=auth).content


def test_a_half_carried_out_version_is_behind_no_door(cells: Any, client: Any, monkeypatch: Any) -> None:
    """Its worker stops when all its bytes and rows are there and only git and the word "published" are missing."""
    items = cells.add(2)
    cells.publish()
    new = cells.add(1)[0]

    def stop(work: Any, name: str) -> None:
        if name == "after_name":
            raise RuntimeError("stopped here")

    with monkeypatch.context() as world:
        world.setattr(Work, "step", stop)
        publish(cells.dataset, cells.user, message="half")
        cells.run_jobs()
    half = Version.objects.get(number=2)
    assert (half.state, Entry.objects.filter(dataset=cells.dataset, first=2).count()) == ("failed", 1)
    auth = {"x-api-token": cells.token()}

    def status(md5: str, end: str = "") -> int:
        return int(client.get(f"/dvc/blood/cells/files/md5/{md5[:2]}/{md5[2:]}{end}", headers=auth).status_code)

    assert status(items[0].blob.md5) == 200
    listing = half.dir_oid.removesuffix(".dir")
    assert store().exists(listing, directory=True)
    assert (status(new.blob.md5), status(listing, ".dir")) == (404, 404)
    assert list(Version.objects.visible_to(Caller(cells.user)).values_list("number", flat=True)) == [1]
    pages = ("/p/blood/datasets/cells/v2/", "/api/v1/projects/blood/datasets/cells/versions/2")
    client.force_login(cells.user)
    assert [client.get(page).status_code for page in pages] == [404, 404]


def test_what_another_dataset_holds_is_not_served_here(cells: Any, client: Any) -> None:
    mine = cells.add(1)[0]
    cells.publish()
    others = create_dataset(cells.project, cells.user, name="others", schema=cells.schema)
    add_items(others, theirs := cells.make_items(cells.project, 1))
    publish(others, cells.user, message="why")
    cells.run_jobs()
    auth = {"x-api-token": cells.token()}

    def status(dataset: Any, md5: str, end: str = "") -> int:
        address = f"/dvc/blood/{dataset.name}/files/md5/{md5[:2]}/{md5[2:]}{end}"
        return int(client.get(address, headers=auth).status_code)

    listings = [d.versions.get().dir_oid.removesuffix(".dir") for d in (cells.dataset, others)]
    assert [status(d, mine.blob.md5) for d in (cells.dataset, others)] == [200, 404]
    assert [status(d, theirs[0].blob.md5) for d in (cells.dataset, others)] == [404, 200]
    assert [status(cells.dataset, listing, ".dir") for listing in listings] == [200, 404]


def test_a_pack_carries_many_blobs_and_refuses_a_foreign_one(cells: Any, client: Any) -> None:
    cells.add(5)
    version = cells.publish()
    foreign = cells.make_items(cells.project, 1)[0].blob.md5
    oids = [entry.blob.md5 for entry in versions.entries(version)]
    auth = {"x-api-token": cells.token()}
    packed = client.post(
        "/dvc/blood/cells/pack", json.dumps({"oids": oids}), content_type="application/json", headers=auth
    )
    data = b"".join(packed.streaming_content)
    assert int(packed["Content-Length"]) == len(data)
    seen = []
    while data:
        line, _, data = data.partition(b"\n")
        oid, length = line.decode().split(" ")
        assert hashlib.md5(data[: int(length)], usedforsecurity=False).hexdigest() == oid
        data = data[int(length) :]
        seen.append(oid)
    assert seen == oids
    bodies: list[Any] = [{"oids": [*oids, foreign]}, {"oids": ["../../etc/passwd"]}, {"oids": []}, ["x"]]
    for body in bodies:
        answer = client.post("/dvc/blood/cells/pack", json.dumps(body), content_type="application/json", headers=auth)
        assert answer.status_code in (400, 404)


def test_a_machine_without_the_repository_serves_the_same_commits(cells: Any, client: Any) -> None:
    import shutil

    cells.add(2)
    version = cells.publish()
    cells.add(1)
    newest = cells.publish()
    auth = {"x-api-token": cells.token()}
    before = client.get(_addresses(version)[0], headers=auth).content
    shutil.rmtree(repositories.folder(cells.dataset))
    assert client.get(_addresses(version)[0], headers=auth).content == before
    with git.opened(repositories.folder(cells.dataset)) as repo:
        assert git.tag_of(repo, version.number, version.commit)
    shutil.rmtree(repositories.folder(cells.dataset))
    assert repositories.rebuild(cells.dataset) == 2
    assert client.get(_addresses(version)[0], headers=auth).content == before
    with git.opened(repositories.folder(cells.dataset)) as repo:
        assert git.branch_at(repo) == newest.commit
        assert all(git.tag_of(repo, one.number, one.commit) for one in (version, newest))


def test_every_listing_is_sorted_by_code_point(cells: Any) -> None:
    for prefix in ("Z", "a", "é", "𝄞", "z"):
        cells.add(1, prefix=prefix)
    rows = list(versions.manifest_rows(cells.publish()))
    assert [row.path for row in rows] == sorted(row.path for row in rows)
    paths = [row.path[6:] for row in rows if row.path.startswith("items/")]
    [base] = [row for row in rows if row.path.startswith("labels/")]
    lines = blob_file(base.md5).read_bytes().splitlines()
    assert [json.loads(line)["path"] for line in lines] == sorted(paths) and len(paths) == 5


# -- as people call them ---------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_clones_that_ask_for_a_part_have_a_whole_checkout(
    site: str, cells: Any, outside: Any, v1_v2: tuple[Any, Any]
) -> None:
    url = _with_token(repositories.git_url(cells.dataset), cells.token())
    parts = [["--filter=blob:none"], ["--filter=tree:0"], ["--filter=blob:limit=1"], ["--depth=1"], ["--no-checkout"]]
    for number, words in enumerate([*parts, ["--single-branch", "--branch=v1", "--depth=1", "--filter=blob:none"]]):
        work = outside.folder / f"work{number}"
        outside.git("clone", "-q", *words, url, str(work))
        outside.git("checkout", "-q", "HEAD", "--", ".", at=work)
        version = v1_v2[0] if "--branch=v1" in words else v1_v2[1]
        files = repositories.release(version).files
        assert (work / "data" / "labels.dvc").read_bytes() == files["data/labels.dvc"], words
        outside.git("fsck", "--strict", "--full", at=work)
    shallow = outside.folder / "work3"
    outside.git("fetch", "-q", "--unshallow", "--tags", at=shallow)
    assert outside.git("rev-parse", "v1^{commit}", at=shallow).stdout.strip() == v1_v2[0].commit


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_wrong_token_and_an_address_without_its_ending_are_named(
    site: str, cells: Any, outside: Any, v1_v2: tuple[Any, Any]
) -> None:
    url = repositories.git_url(cells.dataset)
    wrong = outside.git("clone", _with_token(url, "lode_nonsense"), "a", check=False)
    none = outside.git("clone", url, "b", check=False)
    assert "unknown, expired or revoked" in wrong.stderr and wrong.returncode
    assert "unknown, expired or revoked" not in none.stderr and none.returncode
    for address in (url.removesuffix(".git"), f"{url.removesuffix('.git')}/"):
        meant = outside.git("clone", _with_token(address, cells.token()), "c", check=False)
        assert meant.returncode and "ends in .git" in meant.stderr, meant.stderr


def test_an_address_that_is_almost_a_door_says_so_and_tells_nothing(cells: Any, client: Any) -> None:
    for name in ("cells", "nothing"):
        addresses = (f"/git/blood/{name}.git", f"/git/blood/{name}.git/", f"/git/blood/{name}", f"/dvc/blood/{name}/")
        for address in addresses:
            answer = client.get(address)
            assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
            assert f"git clone .../git/blood/{name}.git" in answer.content.decode()
