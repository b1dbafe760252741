"""Whether a port can be reached from other machines."""

from ipaddress import ip_address


def listens_beyond_loopback(host: str) -> bool:
    """Whether what listens on ``host`` may be reached from elsewhere.

    Args:
        host: name or address without port, in brackets or not. Empty, ``0.0.0.0`` and ``::`` stand for every
            interface; a path (``unix:/...``) for none.
    """
    if host.startswith(("unix:", "unix-abstract:")):
        return False
    name = host.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        # another name may mean loopback today; whether it does is not ours to know
        return not (name == "localhost" or name.endswith(".localhost"))
    return not (getattr(address, "ipv4_mapped", None) or address).is_loopback
