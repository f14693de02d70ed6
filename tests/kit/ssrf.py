"""URLs that must not be called: inner addresses in every spelling, clever hosts, URLs that two readers differ on."""

from __future__ import annotations

LOOPBACK = (
    "127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0x0.0x0.0x1 0177.0.0.1 0177.0.0.01 017700000001 "
    "127.000.000.001 127.0.0.1. 127.127.127.127 0 0.0.0.0 00000000 0x0 0.0 127.0.0.0x1 127.0.0.01 0x7F000001 127.0x1"
)
INNER_V4 = (
    "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1 192.168.255.255 169.254.169.254 169.254.170.2 "
    "100.64.0.1 100.100.100.200 100.127.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 "
    "198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 "
    "0.1.2.3 168.63.129.16 192.31.196.1 192.52.193.1 192.175.48.1"
)
INNER_V6 = (
    "::1 :: ::127.0.0.1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 "
    "::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::1 "
    "64:ff9b:1::7f00:1 2002:7f00:1:: 2002:7f00:0001::1 2002:a00:1:: 2002:c0a8:1:: 2001::1 2001:0:7f00:1:: "
    "2001:10::1 2001:20::1 2001:2::1 2001:db8::1 3fff::1 3ffe::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1 "
    "febf::1 fec0::1 feff::1 ff00::1 ff02::1 ff05::2 100::1 100:0:0:1::1 1::1 4000::1 8000::1 e000::1 "
    "2620:4f:8000::1 0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 ::0001"
)
NAMES = (
    "localhost LOCALHOST localhost. LocalHost.localdomain localhost.localdomain a.localhost a.b.localhost printer "
    "intranet db metadata instance-data metadata.google.internal METADATA.GOOGLE.INTERNAL metadata.goog.internal "
    "kubernetes.default.svc.cluster.local router.lan nas.home fritz.box.local wiki.corp a.private x.home.arpa "
    "abc.onion 1.0.0.127.in-addr.arpa 1.ip6.arpa host.docker.internal gateway.docker.internal vault.intranet"
)
# Letters and digits that a browser or a resolver takes for others.
LOOKALIKES = (
    "１２７.０.０.１ 127。0。0。1 127｡0｡0｡1 127．0．0．1 ①②⑦.⓪.⓪.① ⑯⑨。②⑤④。⑯⑨｡②⑤④ ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌｏｃａｌｈｏｓｔ "
    "loc\u00adalhost local\u200bhost ʟocalhost\u0000 lo\u034fcalhost 𝟏𝟐𝟕.𝟎.𝟎.𝟏 ０x7f000001 ２１３０７０６４３３ "
    "⒈⒉⒎ ₁₂₇.₀.₀.₁ localho\u017ft"
)
SHAPES = (
    "http://user@127.0.0.1/",
    "http://user:pass@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1@example.com/",
    "http://example.com%40127.0.0.1/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1?@example.com/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http:/\\127.0.0.1/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    "http://",
    "http://?",
    "http://#",
    "http:// /",
    "http://.",
    "http://..",
    "http://./",
    "http://.example.com/",
    "http://example..com/",
    "http://-example.com/",
    "http://exa mple.com/",
    "http://example.com /",
    " http://127.0.0.1/",
    "\thttp://127.0.0.1/",
    "ht\ntp://127.0.0.1/",
    "http://127.0\n.0.1/",
    "http://127.0.0.1\t/",
    "http://example.com\r\nHost: 127.0.0.1/",
    "http://example.com/\r\nX-Injected: 1",
    "http://example.com/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "http://example.com/\x00",
    "http://127.0.0.1%00.example.com/",
    "http://127.0.0.1%2f@example.com/",
    "http://%31%32%37.0.0.1/",
    "http://%6c%6f%63%61%6c%68%6f%73%74/",
    "http://[::1/",
    "http://::1]/",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://[localhost]/",
    "http://[::1]x/",
    "http://[::1%25lo]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[v1.fe80::a+en1]/",
    "http://[]/",
    "http://[::ffff:127.0.0.1]:80/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:99999999/",
    "http://example.com:-80/",
    "http://example.com:+80/",
    "http://example.com:8０/",
    "http://example.com:80:80/",
    "http://example.com:80a/",
    "http://example.com:22/",
    "http://example.com:25/",
    "http://example.com:6379/",
    "http://example.com:8080/",
    "https://example.com:8443/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "tftp://127.0.0.1/",
    "jar:http://127.0.0.1!/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "http+unix://%2fvar%2frun%2fdocker.sock/info",
    "ws://127.0.0.1/",
    "blob:http://127.0.0.1/",
    "//127.0.0.1/",
    "127.0.0.1",
    "localhost",
    "",
    "/",
    "http",
    "http:",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 130 + "com/",
    "http://example.com/" + "a" * 5000,
    "http://xn--/",
    "http://xn--a.com:81/",
    "http://1.2.3/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://1.2.3.256/",
    "http://0x.example.0x/",
    "http://example.127/",
    "http://example.0x7f/",
    "http://example.com.127.0.0.1/",
)


def hostile_urls(port: int) -> list[str]:
    """All of them; inner hosts with the web's port, with `port`, and with a path that hides what they are."""
    plain = " ".join((LOOPBACK, INNER_V4, NAMES, LOOKALIKES)).split(" ")
    hosts = [*plain, *(f"[{each}]" for each in INNER_V6.split(" "))]
    inner = [f"http://{host}{rest}" for host in hosts for rest in ("/", f":{port}/latest/meta-data/", "?x=example.com")]
    return list(dict.fromkeys([*inner, *SHAPES]))
