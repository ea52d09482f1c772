from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.outbound.addresses import Allowlist, Target, check, is_public, parse_target
from projects.outbound.errors import AddressRefused

NOTHING_PRIVATE = Allowlist()
HTTPS = Target("https", "api.example.com", 443)


def refused(url: str, *addresses: str, allowlist: Allowlist = NOTHING_PRIVATE) -> bool:
    try:
        target = parse_target(url)
        check(target=target, addresses=[ip_address(one) for one in addresses or [target.host]], allowlist=allowlist)
    except AddressRefused:
        return True
    return False


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pass@api.example.com/v1",
        "https://2130706433/v1",
        "https://0x7f.1/v1",
        "https://0177.0.0.1/v1",
        "https://127.1/v1",
        "https://1.2.3.4.5/v1",
        "https://[fe80::1%25eth0]/v1",
        "https://a b/v1",
        "https:///v1",
        "api.example.com/v1",
        "file:///etc/passwd",
        "gopher://api.example.com/",
        "https://api.example.com/v1?key=1",
        "https://api.example.com/v1#part",
        "https://api.example.com:0/v1",
        "https://api.example.com:99999/v1",
        "https://１２７.0.0.1/v1",
        "http://127.0.0.1\\@api.example.com/v1",
        "",
    ],
)
def test_parse_target_refuses_what_is_not_a_plain_address(url):
    with pytest.raises(AddressRefused):
        parse_target(url)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://api.openai.com/v1", Target("https", "api.openai.com", 443)),
        ("HTTPS://API.OpenAI.com./v1/", Target("https", "api.openai.com", 443)),
        ("https://bücher.example/v1", Target("https", "xn--bcher-kva.example", 443)),
        ("http://ollama:11434/v1", Target("http", "ollama", 11434)),
        ("https://[2606:4700::1111]:443/", Target("https", "2606:4700::1111", 443)),
        ("https://[0:0:0:0:0:0:0:1]/", Target("https", "::1", 443)),
    ],
)
def test_parse_target_spells_a_host_in_one_way(url, target):
    assert parse_target(url) == target


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "169.254.169.254", "fe80::1", "10.0.0.1", "172.16.0.1",  # noqa: S104
        "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd00::1", "fd00:ec2::254", "224.0.0.1", "ff02::1", "192.0.2.1",
        "198.51.100.7", "203.0.113.9", "2001:db8::1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.8",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fec0::1", "100::1", "5f00::1",
    ],
)  # fmt: skip
def test_no_private_or_special_address_is_public(address):
    assert not is_public(ip_address(address))
    assert refused("https://api.example.com/v1", address)


@pytest.mark.parametrize("address", ["8.8.8.8", "104.18.7.192", "2606:4700::6812:7c0", "64:ff9b::808:808"])
def test_ordinary_internet_addresses_are_public(address):
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4, network="0.0.0.0/0"))
def test_an_ipv4_address_is_judged_the_same_when_wrapped_in_ipv6(address):
    number = int(address)
    wrapped = [
        f"::ffff:{address}",
        str(ip_address((0x2002 << 112) | (number << 80))),
        str(ip_address((0x64FF9B << 96) | number)),
    ]

    assert {is_public(ip_address(one)) for one in wrapped} == {is_public(address)}


@given(st.ip_addresses())
def test_an_address_that_python_calls_private_is_never_public(address):
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        embedded = address.version == 6 and (address.ipv4_mapped or address.sixtofour or address.teredo)
        assert embedded or not is_public(address)


def test_one_private_address_among_public_ones_refuses_the_name():
    assert refused("https://api.example.com/v1", "8.8.8.8", "10.0.0.1")
    assert not refused("https://api.example.com/v1", "8.8.8.8", "8.8.4.4")


def test_a_name_without_addresses_is_refused_with_a_hint():
    with pytest.raises(AddressRefused, match="could not be found"):
        check(target=HTTPS, addresses=[], allowlist=NOTHING_PRIVATE)


def test_plain_http_needs_the_allowlist():
    assert refused("http://api.example.com/v1", "8.8.8.8")
    assert not refused("http://api.example.com/v1", "8.8.8.8", allowlist=Allowlist.parse(["api.example.com"]))


def test_an_unusual_port_needs_the_allowlist():
    assert refused("https://api.example.com:8443/v1", "8.8.8.8")
    assert not refused(
        "https://api.example.com:8443/v1", "8.8.8.8", allowlist=Allowlist.parse(["api.example.com:8443"])
    )


def test_a_listed_host_may_be_private_but_never_link_local():
    allowlist = Allowlist.parse(["ollama.lan"])

    assert not refused("http://ollama.lan:11434/v1", "192.168.1.20", allowlist=allowlist)
    assert not refused("http://OLLAMA.lan.:11434/v1", "192.168.1.20", allowlist=allowlist)
    assert refused("http://ollama.lan:11434/v1", "169.254.169.254", allowlist=allowlist)
    assert refused("http://other.lan:11434/v1", "192.168.1.20", allowlist=allowlist)


def test_a_host_listed_with_a_port_allows_only_that_port():
    allowlist = Allowlist.parse(["127.0.0.1:8401"])

    assert not refused("http://127.0.0.1:8401/simulated/v1", allowlist=allowlist)
    assert refused("http://127.0.0.1:5432/", allowlist=allowlist)


def test_a_listed_network_covers_names_that_lead_into_it():
    allowlist = Allowlist.parse(["10.1.0.0/16", "", "fd00::/8"])

    assert not refused("http://vllm.internal:8000/v1", "10.1.2.3", allowlist=allowlist)
    assert not refused("http://vllm.internal:8000/v1", "10.1.2.3", "fd00::2", allowlist=allowlist)
    assert refused("http://vllm.internal:8000/v1", "10.2.2.3", allowlist=allowlist)
    assert refused("http://vllm.internal:8000/v1", "10.1.2.3", "10.2.2.3", allowlist=allowlist)


def test_allowlist_refuses_an_entry_it_cannot_read():
    with pytest.raises(ValueError, match="not a host"):
        Allowlist.parse(["ollama:port"])


def test_allowlist_reads_bracketed_addresses():
    assert Allowlist.parse(["[::1]:8000"]).names(Target("http", "::1", 8000))
