#!/usr/bin/env python3
"""Both ends of what goes through the localhost proxy.

    proxy-traffic.py serve            in the guest: the services below, until it is killed
    proxy-traffic.py CASE             on the host: one case; says what it saw and ends with 1 when that was wrong

Host ports are 10000 + the guest's.
"""
import asyncio, hashlib, os, random, socket, struct, sys, threading, time

ECHO, SINK, SOURCE, ONLY4, ONLY6, RESET, STALL, BYE, CLOSED = 7, 9, 19, 4, 6, 10, 11, 12, 13
BASE = 10000
LINGER_RESET = struct.pack("ii", 1, 0)


def noise(n, seed=1):
    return random.Random(seed).randbytes(n)


# The guest.

async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def sink(reader, writer):
    digest = hashlib.sha256()
    while data := await reader.read(65536):
        digest.update(data)
    writer.write(digest.hexdigest().encode())
    writer.close()


async def source(reader, writer):
    n = int(await reader.readline())
    block = noise(1 << 20)
    while n > 0:
        writer.write(block[:n])
        n -= min(n, len(block))
        await writer.drain()
    writer.close()


async def reset(reader, writer):
    await reader.read(1)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    writer.transport.abort()


async def bye(reader, writer):
    """Ends its own direction first, then says how much came on the other."""
    writer.write(b"bye")
    writer.write_eof()
    n = 0
    while data := await reader.read(65536):
        n += len(data)
    with open("/run/bye", "w") as f:
        f.write(str(n))
    writer.close()


def datagrams(address, port):
    """A thread, as asyncio drops empty datagrams."""
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    if ":" in address:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, port))
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(data, peer)


def stall():
    s = socket.create_server(("::", STALL), family=socket.AF_INET6, dualstack_ipv6=True)
    kept = []
    while True:
        kept.append(s.accept())


async def serve():
    dual = lambda port: socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
    for handler, port in ((echo, ECHO), (sink, SINK), (source, SOURCE), (reset, RESET), (bye, BYE)):
        await asyncio.start_server(handler, sock=dual(port), backlog=1024)
    await asyncio.start_server(echo, "0.0.0.0", ONLY4)
    await asyncio.start_server(echo, "::", ONLY6, family=socket.AF_INET6)
    threading.Thread(target=stall, daemon=True).start()
    for service in (("0.0.0.0", ECHO), ("::", ECHO), ("0.0.0.0", ONLY4)):
        threading.Thread(target=datagrams, args=service, daemon=True).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


# The host.

def connect(port, address="127.0.0.1"):
    s = socket.create_connection((address, BASE + port), timeout=30)
    return s


def read_all(s):
    parts = []
    while data := s.recv(1 << 20):
        parts.append(data)
    return b"".join(parts)


def exchange(s, data):
    s.sendall(data)
    got = b""
    while len(got) < len(data):
        more = s.recv(65536)
        assert more, f"the end after {len(got)} of {len(data)} bytes"
        got += more
    assert got == data, "other bytes came back"


def both(case):
    for address in ("127.0.0.1", "::1"):
        case(address)


def case_echo():
    both(lambda a: exchange(connect(ECHO, a), b"hello"))


def case_fallback():
    exchange(connect(ONLY4, "::1"), b"IPv6 client, IPv4 service")
    exchange(connect(ONLY6, "127.0.0.1"), b"IPv4 client, IPv6 service")


def case_upload():
    data = noise(64 << 20)

    def one(address):
        s = connect(SINK, address)
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s).decode() == hashlib.sha256(data).hexdigest(), "another checksum"
    both(one)


def case_download():
    block = noise(1 << 20)

    def one(address):
        s = connect(SOURCE, address)
        s.sendall(b"%d\n" % (96 << 20))
        digest, n = hashlib.sha256(), 0
        while data := s.recv(1 << 20):
            digest.update(data)
            n += len(data)
        wanted = hashlib.sha256()
        for _ in range(96):
            wanted.update(block)
        assert n == 96 << 20, f"{n} bytes"
        assert digest.digest() == wanted.digest(), "another checksum"
    both(one)


def case_ends():
    """However much came before it, the end of a stream arrives: sizes such that it falls on every round of a turn."""
    def one(address):
        for i in range(60):
            s = connect(SOURCE, address)
            wanted = (i + 1) * 192 << 10
            s.sendall(b"%d\n" % wanted)
            n = len(read_all(s))
            assert n == wanted, f"{n} bytes of {wanted}"
    both(one)


def case_both_ways():
    """Full speed in both directions at once, each with its own pace."""
    s, data, got = connect(ECHO), noise(32 << 20), []

    def reader():
        while sum(map(len, got)) < len(data):
            got.append(s.recv(7777))
    t = threading.Thread(target=reader)
    t.start()
    s.sendall(data)
    t.join()
    assert b"".join(got) == data, "other bytes came back"


def case_half_close():
    s = connect(SINK)
    s.sendall(b"abc")
    s.shutdown(socket.SHUT_WR)
    assert read_all(s).decode() == hashlib.sha256(b"abc").hexdigest()
    s = connect(SINK)  # an end before the container has answered
    s.shutdown(socket.SHUT_WR)
    assert read_all(s).decode() == hashlib.sha256(b"").hexdigest()
    s = connect(BYE, "::1")
    assert read_all(s) == b"bye"
    s.sendall(noise(1 << 20))
    s.close()
    end = time.monotonic() + 10
    while not os.path.exists("/run/bye") and time.monotonic() < end:
        time.sleep(0.02)
    assert open("/run/bye").read() == str(1 << 20)


def ends_with_reset(port):
    try:
        s = connect(port)
        s.sendall(b"x")
        assert s.recv(10) == b"", "bytes"
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True


def case_reset():
    assert ends_with_reset(RESET), "the service reset, the client saw an end"
    assert ends_with_reset(CLOSED), "nobody listens, the client saw an end"


def proxy_pid():
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            if open(f"/proc/{p}/comm").read().strip() == "nspawn-proxy":
                return p
        except OSError:
            pass
    raise AssertionError("no proxy")


def descriptors():
    return len(os.listdir(f"/proc/{proxy_pid()}/fd"))


def resident():
    return int(open(f"/proc/{proxy_pid()}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def settles(get, wanted):
    end = time.monotonic() + 10
    while not wanted(get()) and time.monotonic() < end:
        time.sleep(0.02)
    assert wanted(get()), get()


def case_backpressure():
    """A service that does not read holds its sender up; the proxy keeps no more than a pipe."""
    before = resident()
    s = connect(STALL)
    s.settimeout(1)
    sent = 0
    block = bytes(1 << 20)
    try:
        while sent < 256 << 20:
            sent += s.send(block)
    except TimeoutError:
        pass
    assert sent < 64 << 20, f"{sent} bytes were taken"
    assert resident() - before < 4 << 20, f"{resident() - before} bytes more"
    exchange(connect(ECHO), b"others go on")


def case_many():
    before = descriptors()
    connections = [connect(ECHO, "127.0.0.1" if i % 2 else "::1") for i in range(500)]
    for i, s in enumerate(connections):
        s.sendall(b"%6d" % i * 2000)
    for i, s in enumerate(connections):
        got = b""
        while len(got) < 12000:
            got += s.recv(65536)
        assert got == b"%6d" % i * 2000, f"connection {i} got another's bytes"
    settles(descriptors, lambda n: n <= before + 1000 + 2 * 64)
    for s in connections:
        s.close()
    settles(descriptors, lambda n: n <= before + 2 * 64)


def case_aborted():
    """Clients that go away at every moment leave nothing behind."""
    before = descriptors()
    for i in range(300):
        s = connect((ECHO, SOURCE, SINK, STALL)[i % 4])
        if i % 3:
            s.sendall(b"1000000\n" * 100)
        if i % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        s.close()
    settles(descriptors, lambda n: n <= before + 2 * 64)  # the pipes that are kept


def datagram(port, address, data, s=None):
    s = s or socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.sendto(data, (address, BASE + port))
    got, peer = s.recvfrom(65536)
    assert got == data, "another datagram came back"
    assert peer[:2] == (address, BASE + port), f"it came from {peer}"
    return s


def case_udp():
    def one(address):
        s = datagram(ECHO, address, b"hello")
        datagram(ECHO, address, b"", s)
        datagram(ECHO, address, noise(60000), s)
        others = [datagram(ECHO, address, b"%d" % i) for i in range(200)]
        for i, o in enumerate(others):
            datagram(ECHO, address, b"again %d" % i, o)
    both(one)


def case_other_loopback():
    """Answers come from the address that was asked."""
    datagram(ECHO, "127.0.0.9", b"hello")
    exchange(connect(ECHO, "127.0.0.9"), b"hello")


def case_stranger():
    """Connects to the control socket, and is not answered."""
    s = socket.socket(socket.AF_UNIX)
    s.connect("/run/nixos-nspawn/proxy")
    try:
        s.sendall(b'{"method": "io.nixos.NspawnProxy.List"}\0')
        assert s.recv(100) == b"", "an answer"
    except (ConnectionResetError, BrokenPipeError):
        pass


def insist(address, port):
    """As clients of UDP do: again, until an answer comes."""
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.3)
    for _ in range(20):
        s.sendto(b"hello", (address, BASE + port))
        try:
            assert s.recv(100) == b"hello"
            return
        except TimeoutError:
            pass
    raise AssertionError("no answer")


def case_udp_fallback():
    """The first datagram finds out that nobody answers on IPv6; the next ones go to IPv4."""
    insist("::1", ONLY4)


def case_udp_flood():
    """More clients than there is room for: the newest are served."""
    for i in range(4300):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.sendto(b"x", ("127.0.0.1", BASE + ECHO))
        s.close()
    insist("127.0.0.1", ECHO)


def hold():
    """Opens a connection, then echoes a line through it for every line of input."""
    s = connect(int(sys.argv[2]))
    exchange(s, b"hello")
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            exchange(s, line.encode())
            print("alive", flush=True)
        except (OSError, AssertionError):
            print("gone", flush=True)


def listen():
    """Takes a port, until it is killed."""
    kind = socket.SOCK_DGRAM if sys.argv[2] == "udp" else socket.SOCK_STREAM
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[3] else socket.AF_INET, kind)
    s.bind((sys.argv[3], int(sys.argv[4])))
    if kind == socket.SOCK_STREAM:
        s.listen()
    print("ready", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    elif sys.argv[1] in ("hold", "listen"):
        globals()[sys.argv[1]]()
    else:
        globals()["case_" + sys.argv[1]]()
