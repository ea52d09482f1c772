from __future__ import annotations

import asyncio
import datetime
import ssl
from ipaddress import IPv4Address, ip_address

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from projects.outbound import transport as outbound
from projects.outbound.addresses import Allowlist, parse_target
from projects.outbound.errors import AddressRefused, AnswerCompressed, AnswerTooLarge, RedirectRefused
from projects.outbound.transport import GuardedTransport, check_url

LOOPBACK = [ip_address("127.0.0.1")]
PUBLIC = [ip_address("93.184.215.14")]


def get(
    url: str, *, allowlist: Allowlist | None = None, to: str = "", look_up=outbound.look_up, **options
) -> httpx2.Response:
    """Fetch one address through a transport that was made for `url`."""

    async def fetch() -> httpx2.Response:
        transport = GuardedTransport(target=parse_target(url), allowlist=allowlist or Allowlist(), look_up=look_up)
        async with httpx2.AsyncClient(transport=transport, trust_env=False) as client:
            return await client.post(to or url, json={}, timeout=5, **options)

    return asyncio.run(fetch())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/v1",
        "https://127.0.0.1:{port}/v1",
        "http://[::1]:{port}/v1",
        "http://0.0.0.0:{port}/v1",
        "http://2130706433:{port}/v1",
        "http://0x7f.1:{port}/v1",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/v1",
        "http://user:pass@127.0.0.1:{port}/v1",
        "http://localhost:{port}/v1",
        "https://localhost/v1",
    ],
)
def test_a_private_address_is_refused_when_saved_and_when_used(provider, url):
    url = url.format(port=provider.port)

    with pytest.raises(AddressRefused):
        check_url(url=url, allowlist=Allowlist())
    with pytest.raises(AddressRefused):
        get(url)

    assert provider.requests == []


def test_a_name_that_leads_to_a_private_address_is_refused_when_used():
    with pytest.raises(AddressRefused, match="private or reserved"):
        get("https://provider.example/v1", look_up=lambda host, port: LOOPBACK)


def test_a_name_that_turns_private_after_it_was_saved_is_refused_when_used():
    answers = iter([PUBLIC, LOOPBACK])

    def flipping(host: str, port: int):
        return next(answers)

    check_url(url="https://provider.example/v1", allowlist=Allowlist(), look_up=flipping)

    with pytest.raises(AddressRefused, match="private or reserved"):
        get("https://provider.example/v1", look_up=flipping)


def test_the_connection_goes_to_the_address_that_was_checked(provider):
    looked_up = []

    def once(host: str, port: int):
        looked_up.append(host)
        return LOOPBACK

    # The name does not exist, so only the checked address can have led here.
    url = f"http://provider.invalid:{provider.port}/v1"
    answer = get(url, allowlist=Allowlist.parse(["provider.invalid"]), look_up=once)

    assert answer.status_code == 200
    assert looked_up == ["provider.invalid"]
    assert provider.requests[0][1]["host"] == f"provider.invalid:{provider.port}"


def test_the_certificate_is_checked_against_the_name_and_not_the_address(provider, tmp_path, monkeypatch):
    certificate = _certificate_for("provider.invalid", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    outbound._tls.cache_clear()
    allowlist = Allowlist.parse(["provider.invalid", "other.invalid"])
    try:
        port = asyncio.run(_serve_tls_and(certificate, lambda port: _both(port, allowlist)))
    finally:
        outbound._tls.cache_clear()

    assert port


async def _both(port: int, allowlist: Allowlist) -> None:
    async def status_of(host: str) -> int:
        url = f"https://{host}:{port}/v1"
        transport = GuardedTransport(target=parse_target(url), allowlist=allowlist, look_up=lambda *_: LOOPBACK)
        async with httpx2.AsyncClient(transport=transport, trust_env=False) as client:
            return (await client.get(url, timeout=5)).status_code

    assert await status_of("provider.invalid") == 204
    with pytest.raises(httpx2.ConnectError, match=r"other\.invalid|Hostname mismatch"):
        await status_of("other.invalid")


async def _serve_tls_and(certificate, then) -> int:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        await then(port)
        await asyncio.sleep(0.05)
    return port


def _certificate_for(name: str, folder):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path = folder / "certificate.pem"
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    return path


def test_the_next_address_is_tried_when_the_first_does_not_answer(provider):
    addresses = [IPv4Address("127.0.0.2"), *LOOPBACK]
    allowlist = Allowlist.parse(["127.0.0.0/8"])

    answer = get(f"http://provider.invalid:{provider.port}/v1", allowlist=allowlist, look_up=lambda *_: addresses)

    assert answer.status_code == 200


@pytest.mark.parametrize("to", ["http://127.0.0.1:1/v1", "https://169.254.169.254/", "https://api.example.com/v1"])
def test_a_transport_carries_nothing_to_another_origin(provider, to):
    with pytest.raises(AddressRefused, match="only its own address"):
        get(provider.url, allowlist=Allowlist().with_url(provider.url), to=to)


def test_a_redirect_is_refused_and_not_followed(provider):
    provider.script = ["redirect_to_metadata"]

    with pytest.raises(RedirectRefused):
        get(provider.url, allowlist=Allowlist().with_url(provider.url), follow_redirects=True)

    assert len(provider.requests) == 1


def test_only_plain_headers_leave_the_server(provider):
    headers = {"Cookie": "session=1", "X-Secret": "1", "Authorization": "Bearer key", "Accept-Encoding": "gzip, br"}

    get(provider.url, allowlist=Allowlist().with_url(provider.url), headers=headers)

    sent = provider.requests[0][1]
    assert sent["authorization"] == "Bearer key"
    assert sent["accept-encoding"] == "identity"
    assert sent["user-agent"] == "callboard"
    body = {"content-type", "content-length"}
    assert set(sent) <= {"host", "authorization", "accept", "connection", "user-agent", "accept-encoding"} | body


def test_cookies_of_a_provider_are_dropped(provider):
    answer = get(provider.url, allowlist=Allowlist().with_url(provider.url))

    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("mode", "error"),
    [("100MB", AnswerTooLarge), ("endless", AnswerTooLarge), ("long_line", AnswerTooLarge), ("gzip", AnswerCompressed)],
)
def test_an_answer_that_is_too_large_or_compressed_is_stopped(provider, mode, error):
    provider.script = [mode]

    with pytest.raises(error):
        get(provider.url, allowlist=Allowlist().with_url(provider.url))


def test_broken_utf8_is_repaired(provider):
    provider.script = ["wrong_utf8"]

    answer = get(provider.url, allowlist=Allowlist().with_url(provider.url))

    assert "the\ufffdre" in answer.json()["choices"][0]["message"]["content"]


def test_look_up_knows_literals_and_localhost_and_survives_nonsense():
    assert outbound.look_up("127.0.0.1", 80) == LOOPBACK
    assert ip_address("127.0.0.1") in outbound.look_up("localhost", 80)
    assert list(outbound.look_up("no-such-host.invalid", 80)) == []
    assert list(outbound.look_up("x" * 300, 80)) == []
