"""The client: whom it speaks for, what it tries again, what it says when it is refused."""

import importlib.util
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

import motherlode
from lode_platform.models import Project, User
from motherlode.client import TRIES, WAITING, Client
from motherlode.credentials import Credentials, credentials_file, find_credentials, save_credentials

pytestmark = pytest.mark.once
Sdk = Callable[..., Client]


class Failing(httpx.BaseTransport):
    """A network that gives these answers, one a request, then 200."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, json={"ok": True})


def client_over(transport: httpx.BaseTransport) -> Client:
    return Client("http://host", "token", transport=transport, sleep=lambda seconds: None)


def test_a_job_is_waited_for_by_the_server_and_where_it_answers_at_once_by_the_client() -> None:
    asked, slept, states = list[str](), list[float](), ["queued", "running", "succeeded"]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Prefer"])
        return httpx.Response(200, json={"uuid": "1", "state": states.pop(0)})

    client = Client("http://host", "token", transport=httpx.MockTransport(answer), sleep=slept.append)
    assert client.wait({"uuid": "1", "state": "queued"})["state"] == "succeeded"
    assert asked == ["wait=0.050"] * 3
    assert len(slept) == 2 and all(0 < seconds <= 0.05 for seconds in slept)


def test_the_client_speaks_for_the_person_of_its_token(sdk: Sdk, alice: User, project: Project) -> None:
    client = sdk(alice)
    assert client.me()["user"]["username"] == "alice"
    assert client.project == "blood"


def test_a_strangers_client_finds_no_project(sdk: Sdk, charlie: User, project: Project) -> None:
    client = sdk(charlie)
    with pytest.raises(motherlode.NotConfigured, match="which project"):
        _ = client.project
    with pytest.raises(motherlode.NotFound):
        client.get("projects/blood")


def test_an_unknown_token_says_how_to_log_in(sdk: Sdk, alice: User) -> None:
    client = sdk(alice)
    client._http.headers["Authorization"] = "Bearer lode_no_such"
    with pytest.raises(motherlode.NotLoggedIn, match="lode login"):
        client.me()


@pytest.mark.parametrize("answer", [502, 503, 504, 429, httpx.ReadTimeout("slow"), httpx.ReadError("cut")])
def test_what_may_pass_is_tried_again(answer: int | Exception) -> None:
    network = Failing(answer, answer)
    assert client_over(network).get("me") == {"ok": True}
    assert len(network.requests) == 3


def test_a_post_that_cannot_be_repeated_is_sent_once() -> None:
    network = Failing(httpx.ReadTimeout("slow"))
    with pytest.raises(motherlode.Unreachable):
        client_over(network).post("projects", {"name": "x"})
    assert len(network.requests) == 1


def test_a_post_that_carries_its_uuid_is_sent_again() -> None:
    network = Failing(httpx.ReadTimeout("slow"), 503)
    client_over(network).post("projects/x/runs", {"uuid": "1"}, repeatable=True)
    assert len(network.requests) == 3


def test_a_post_that_never_left_is_sent_again() -> None:
    network = Failing(httpx.ConnectError("refused"))
    client_over(network).post("projects", {"name": "x"})
    assert len(network.requests) == 2


def test_the_client_gives_up_and_says_so() -> None:
    for failure, error in ((503, motherlode.ServerFault), (httpx.ConnectError("refused"), motherlode.Unreachable)):
        network = Failing(*[failure] * 20)
        with pytest.raises(error, match=r"503, \d+ times|http://host cannot be reached"):
            client_over(network).get("me")
        assert TRIES <= len(network.requests) < 20


def test_a_server_that_is_starting_is_waited_for() -> None:
    slept: list[float] = []
    network = Failing(*[httpx.ConnectError("refused")] * 5)
    Client("http://host", "token", transport=network, sleep=slept.append).get("me")
    assert len(network.requests) == 6
    assert sum(slept) < 10


def test_a_host_that_does_not_exist_is_not_waited_for() -> None:
    client = Client("http://no-such-host.invalid", "token", sleep=lambda seconds: pytest.fail("it waited"))
    with pytest.raises(motherlode.Unreachable, match="cannot be reached"):
        client.get("me")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, motherlode.NotLoggedIn),
        (403, motherlode.NotAllowed),
        (404, motherlode.NotFound),
        (409, motherlode.Conflict),
        (422, motherlode.Refused),
        (500, motherlode.ServerFault),
    ],
)
def test_each_refusal_has_its_name_and_is_not_tried_again(status: int, error: type[Exception]) -> None:
    network = Failing(status)
    with pytest.raises(error):
        client_over(network).get("me")
    assert len(network.requests) == 1


def test_the_token_follows_no_list_to_another_host() -> None:
    pages = iter([{"results": [{"n": 1}], "next": "http://evil/api/v1/x?cursor=2"}, {"results": [{"n": 2}]}])
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(200, json=next(pages))

    rows = list(client_over(httpx.MockTransport(answer)).pages("x"))
    assert ([row["n"] for row in rows], hosts) == ([1, 2], ["host", "host"])


def test_an_answer_that_is_no_json_is_named() -> None:
    page = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
    with pytest.raises(motherlode.ServerFault, match="Motherlode server"):
        client_over(page).get("me")


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_on_in_the_background_comes_back_in_order_and_its_error_is_raised(workers: int) -> None:
    client = Client("http://host", "token", transport=Failing(), workers=workers)
    in_block = threading.Event()

    def beside(number: int) -> int:
        assert in_block.wait(60) if workers > 1 else not in_block.is_set()
        return number

    with client.background() as background:
        for number in range(100 if workers == 1 else 3):
            background.do(beside, number)
        in_block.set()
        assert background.results() == [*range(100 if workers == 1 else 3)]
        assert background.results() == []
    with pytest.raises(ZeroDivisionError), client.background() as background:
        background.do(lambda: 1 / 0)
        background.results()


def test_the_background_takes_only_so_much_at_once_and_drops_what_an_error_leaves() -> None:
    client = Client("http://host", "token", transport=Failing(), workers=2)
    begun: list[int] = []

    def begin(number: int) -> int:
        begun.append(number)
        return 1 // (500 - number)

    with pytest.raises(ZeroDivisionError), client.background() as background:
        for number in range(10_000):
            assert number - len(begun) <= WAITING + 2
            background.do(begin, number)
    assert len(begun) < 1_000


@pytest.mark.parametrize("workers", [1, 3])
def test_many_requests_come_back_in_order_and_are_read_as_needed(workers: int) -> None:
    client = client_over(Failing())
    client.workers = workers
    read: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    results = client.each(lambda number: number * 2, numbers())
    assert [next(results) for _ in range(3)] == [0, 2, 4]
    assert len(read) < 20
    assert list(results) == [number * 2 for number in range(3, 100)]


# credentials


def test_without_login_the_error_says_what_to_do() -> None:
    with pytest.raises(motherlode.NotConfigured, match="lode login"):
        find_credentials()


def test_arguments_come_before_the_environment_and_that_before_login(monkeypatch: pytest.MonkeyPatch) -> None:
    save_credentials(Credentials("http://saved", "saved-token", "saved-project"))
    assert find_credentials() == Credentials("http://saved", "saved-token", "saved-project")
    monkeypatch.setenv("MOTHERLODE_URL", "http://set/")
    monkeypatch.setenv("MOTHERLODE_TOKEN", "set-token")
    assert find_credentials() == Credentials("http://set", "set-token", "")
    assert find_credentials("http://given", "t", "p") == Credentials("http://given", "t", "p")


@pytest.mark.parametrize(
    ("url", "token"),
    [("http://lode:port", "t"), ("http://[::1", "t"), ("http://lode", "caf\u00e9"), ("http://lode", "a\nb")],
)
def test_an_address_or_token_that_cannot_be_one_is_named(url: str, token: str) -> None:
    with pytest.raises(motherlode.NotConfigured, match=r"cannot be read|copy it again"):
        Client(url, token)


def test_a_token_saved_for_one_server_is_not_sent_to_another() -> None:
    save_credentials(Credentials("http://saved", "saved-token"))
    with pytest.raises(motherlode.NotConfigured, match="no token"):
        find_credentials("http://other")


def test_the_environments_token_goes_to_the_environments_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTHERLODE_TOKEN", "set-token")
    with pytest.raises(motherlode.NotConfigured, match="MOTHERLODE_URL is not set .* not sent to http://lock"):
        find_credentials("http://lock")
    monkeypatch.setenv("MOTHERLODE_URL", "http://set/")
    with pytest.raises(motherlode.NotConfigured, match="is for http://set"):
        find_credentials("http://lock")
    assert find_credentials("http://set/").token == "set-token"
    save_credentials(Credentials("http://lock", "saved-token"))
    assert find_credentials("http://lock").token == "saved-token"


def test_the_login_is_readable_by_its_owner_alone() -> None:
    save_credentials(Credentials("http://saved", "saved-token"))
    assert credentials_file().stat().st_mode & 0o077 == 0


# what lies between


@pytest.fixture
def plain_network(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No proxy, no certificates of one's own."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def connect(url: str) -> object:
    return Client(url, "token", sleep=lambda seconds: None).me()


def test_a_proxy_that_fails_is_named_without_its_password(plain_network: pytest.MonkeyPatch) -> None:
    plain_network.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:9")
    with pytest.raises(motherlode.Unreachable, match="through the proxy http://127.0.0.1:9 .*NO_PROXY") as caught:
        connect("https://data.example.org")
    assert "secret" not in str(caught.value)
    plain_network.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    plain_network.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(motherlode.Unreachable, match="is the address right"):
        connect("http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("proxy", "words"),
    [("socks5://127.0.0.1:9", "speaks SOCKS, for which a library is missing"), ("ftp://127.0.0.1:9", "cannot be used")],
)
def test_a_proxy_that_cannot_be_spoken_to_is_said_in_words(
    plain_network: pytest.MonkeyPatch, proxy: str, words: str
) -> None:
    if proxy.startswith("socks") and importlib.util.find_spec("socksio"):
        pytest.skip("the library for SOCKS is installed")
    plain_network.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(motherlode.NotConfigured, match=f"the proxy {proxy} {words}"):
        connect("https://data.example.org")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_are_read_from_what_either_variable_names(
    plain_network: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    plain_network.setenv(name, str(tmp_path / "none.pem"))
    with pytest.raises(motherlode.NotConfigured, match=f"{name}=.*none.pem cannot be read as certificates"):
        connect("https://data.example.org")
    key, certificate = tmp_path / "own.key", tmp_path / "own.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, so there is no certificate to serve with")
    subprocess.run([*make, *subject, *files], check=True, capture_output=True)
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"https://localhost:{server.server_port}"
        plain_network.setenv(name, str(certificate))
        assert connect(address) == {}
        plain_network.delenv(name)
        with pytest.raises(motherlode.Unreachable, match="is not trusted .*SSL_CERT_FILE"):
            connect(address)
        server.shutdown()


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def test_lists_are_followed_below_the_path_at_which_a_proxy_serves() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        more = "https://host/lode/api/v1/projects?cursor=2" if "cursor" not in str(request.url) else None
        return httpx.Response(200, json={"results": [{"name": "x"}], "next": more})

    client = Client("https://host/lode", "token", transport=httpx.MockTransport(answer))
    assert len(list(client.pages("projects"))) == 2
    assert asked == ["https://host/lode/api/v1/projects", "https://host/lode/api/v1/projects?cursor=2"]
