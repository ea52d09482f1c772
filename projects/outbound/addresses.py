"""Decides which network addresses this server may call: pure rules over a URL, an allowlist and resolved addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx2

from projects.outbound.errors import AddressRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_INCOMPLETE = "This is not a complete address. Write it like https://api.example.com/v1."
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})?(\.[a-z0-9_]([a-z0-9_-]{0,62})?)*\Z")
# "2130706433", "0x7f.1" and "0177.0.0.1" are addresses to the C library: a name never ends in a number.
_ENDS_IN_A_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\Z")


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Reachable when the operator allowlists the host by name.
_PRIVATE = _networks(
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7"
)
# Never reachable by name, only when the operator writes the network itself: link-local (cloud metadata), multicast,
# unspecified, documentation, benchmarking and reserved ranges of the IANA special-purpose registries.
_SPECIAL_IPV4 = _networks(
    "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
_GLOBAL_IPV6 = ip_network("2000::/3")
_SPECIAL_IPV6 = _networks("2001::/23", "2001:db8::/32", "3fff::/20")
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads, spelled in one way: lower case, ASCII, no trailing dot, the port always given."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The hosts and networks off the public internet that the operator opens, and the name of the setting."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()
    setting: str = ""

    @classmethod
    def parse(cls, entries: Iterable[str], *, setting: str = "") -> Allowlist:
        """Read entries written as host, host:port, address or network (10.1.0.0/16)."""
        hosts: set[tuple[str, int | None]] = set()
        networks: list[Network] = []
        for entry in (entry.strip().lower() for entry in entries):
            if not entry:
                continue
            try:
                networks.append(ip_network(entry))
            except ValueError:
                hosts.add(_host_entry(entry))
        return cls(frozenset(hosts), tuple(networks), setting)

    def with_url(self, url: str) -> Allowlist:
        """Return this allowlist with the host and port of one URL added, as for the simulated provider."""
        target = parse_target(url)
        return replace(self, hosts=self.hosts | {(target.host, target.port)})

    def names(self, target: Target) -> bool:
        """Tell whether the target's host is listed, with this port or with any."""
        return not self.hosts.isdisjoint({(target.host, target.port), (target.host, None)})

    @property
    def how_to_allow(self) -> str:
        """Return what to do about a refusal, as the end of a sentence; nothing when no setting is behind the list."""
        return f" The operator of this server can allow it with {self.setting}." if self.setting else ""

    def covers(self, address: Address) -> bool:
        """Tell whether the address lies in a listed network."""
        return _is_in(address, self.networks)


def _host_entry(entry: str) -> tuple[str, int | None]:
    host, colon, port = entry.rpartition(":")
    if not colon or entry.endswith("]"):
        host, port = entry, ""
    if port and not port.isdigit():
        raise ValueError(f"{entry!r} is not a host, host:port or network")
    return host.strip("[]").rstrip("."), int(port) if port else None


def parse_target(url: str) -> Target:
    """Read where an address leads, or say in plain words what is wrong with it."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise AddressRefused(_INCOMPLETE) from error
    if parsed.scheme not in _DEFAULT_PORTS or not parsed.host:
        raise AddressRefused(_INCOMPLETE)
    if parsed.userinfo:
        raise AddressRefused("The address must not contain a user name or password.")
    if parsed.query or parsed.fragment:
        raise AddressRefused("The address must end with its path, without “?” or “#”.")
    port = _DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 1 <= port <= 65_535:
        raise AddressRefused("The port in the address does not exist.")
    return Target(parsed.scheme, _plain_host(parsed.raw_host.decode("ascii")), port)


def _plain_host(raw_host: str) -> str:
    host = raw_host.lower().removesuffix(".")
    literal = as_literal(host)
    if literal is not None:
        return str(literal)
    if _ENDS_IN_A_NUMBER.search(host) or not _HOST_NAME.match(host):
        raise AddressRefused("The host in the address is not a name or an ordinary IP address.")
    return host


def as_literal(host: str) -> Address | None:
    """Return the IP address that a host is, None when it is a name."""
    if "%" in host:
        return None
    try:
        return ip_address(host)
    except ValueError:
        return None


def check(*, target: Target, addresses: Sequence[Address], allowlist: Allowlist) -> None:
    """Refuse the target unless every address it resolves to may be called with its scheme and port."""
    if not addresses:
        raise AddressRefused(f"The host {target.host} could not be found. Check the address for typing mistakes.")
    is_listed = allowlist.names(target) or all(allowlist.covers(address) for address in addresses)
    if target.scheme == "http" and not is_listed:
        raise AddressRefused("The address must start with https:// so that secrets and texts travel encrypted.")
    if target.port not in _DEFAULT_PORTS.values() and not is_listed:
        raise AddressRefused(
            f"Port {target.port} is not allowed. Servers on the internet use port 443.{allowlist.how_to_allow}"
        )
    for address in addresses:
        if not _may_be_called(address, by_name=allowlist.names(target), allowlist=allowlist):
            raise AddressRefused(f"The host {target.host} is on a private or reserved network.{allowlist.how_to_allow}")


def _may_be_called(address: Address, *, by_name: bool, allowlist: Allowlist) -> bool:
    inner = _embedded(address)
    if inner:
        return all(_may_be_called(one, by_name=by_name, allowlist=allowlist) for one in inner)
    return is_public(address) or allowlist.covers(address) or (by_name and _is_in(address, _PRIVATE))


def is_public(address: Address) -> bool:
    """Tell whether the address belongs to the public internet, looking inside addresses that carry another one."""
    inner = _embedded(address)
    if inner:
        return all(is_public(one) for one in inner)
    if isinstance(address, IPv4Address):
        return not _is_in(address, _PRIVATE) and not _is_in(address, _SPECIAL_IPV4)
    return address in _GLOBAL_IPV6 and not _is_in(address, _SPECIAL_IPV6)


def _embedded(address: Address) -> tuple[Address, ...]:
    """Return the IPv4 addresses that an IPv4-mapped, 6to4, Teredo or NAT64 address leads to."""
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
