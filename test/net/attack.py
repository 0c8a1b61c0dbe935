#!/usr/bin/env python3
"""What a guest that means harm sends to the host: attack.py KIND HOST4 [HOST6 INTERFACE]

  dns-flood      queries for names that no resolver answers, as fast as it can
  dns-garbage    random and damaged messages, up to the largest that UDP has
  dns-hoard      TCP connections: silent, half a message, a query whose answer never comes; kept
  dns-lengths    TCP: impossible lengths, a message cut off, a query byte by byte, many queries at once
  dhcp-garbage   random and damaged DHCPv4, up to the largest that UDP has
  dhcp-flood     20,000 valid DISCOVERs; prints how many replies came back
  dhcp6-garbage  random and damaged DHCPv6
  solicit        router solicitations from 20,000 sources that do not exist, and damaged ones
It ends by itself, but dns-flood, which runs until it is killed, and dns-hoard, which keeps what it has until then.
"""
import os
import random
import socket
import struct
import sys
import time

kind, host4 = sys.argv[1], sys.argv[2]
host6, interface = (sys.argv[3], sys.argv[4]) if len(sys.argv) > 4 else (None, None)
random.seed(1)  # the same packets each time


def name(text):
    return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".")) + b"\0"


def query(text, ident=None):
    ident = random.randrange(65536) if ident is None else ident
    return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + name(text) + struct.pack("!HH", 1, 1)


def damaged(packet):
    p = bytearray(packet)
    for _ in range(random.randrange(1, 6)):
        p[random.randrange(len(p))] = random.randrange(256)
    return bytes(p[: random.randrange(len(p) + 1)]) if random.random() < 0.5 else bytes(p)


def discover():
    mac = bytes.fromhex(open("/sys/class/net/host0/address").read().strip().replace(":", ""))
    return struct.pack("!BBBBIHH16s16s192s", 1, 1, 6, 0, random.getrandbits(32), 0, 0x8000, b"", mac, b"") + bytes.fromhex(
        "63825363350101370701060c0f1a7733ff"
    )


def garbage(valid, n):
    for i in range(n):
        size = random.choice([0, 1, 11, 12, 239, 240, 512, 1472])
        yield damaged(valid()) if i % 2 else os.urandom(size)
    yield os.urandom(65507)
    yield bytes(65507)
    yield valid() + bytes(60000)


def patient_send(send):
    while True:  # a full queue is nothing new to an attacker
        try:
            return send()
        except (BlockingIOError, OSError) as e:
            if e.errno not in (11, 105):
                raise
            time.sleep(0.001)


def udp4(port=0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"host0\0")
    s.bind(("", port))
    return s


if kind == "dns-flood":
    socks = [udp4() for _ in range(16)]
    i = 0
    while True:
        i += 1
        patient_send(lambda: socks[i % 16].sendto(query(f"n{i}.silent.test"), (host4, 53)))
elif kind == "dns-garbage":
    s = udp4()
    for p in garbage(lambda: query(random.choice(["host.internal", "a.silent.test", "x" * 63 + ".test"])), 20000):
        patient_send(lambda: s.sendto(p, (host4, 53)))
elif kind == "dns-hoard":
    kept = []
    for i in range(300):
        s = socket.create_connection((host4, 53), timeout=10)
        try:
            if i % 3 == 1:
                s.send(b"\0\x1d\x12")
            elif i % 3 == 2:
                q = query(f"hoard{i}.silent.test")
                s.send(struct.pack("!H", len(q)) + q)
        except OSError:
            pass  # closed already, to make room for another
        kept.append(s)
    print("kept", flush=True)
    time.sleep(1000)
elif kind == "dns-lengths":
    q = query("host.internal", 7)
    for data in (b"\0\0", b"\0\x05abcde", b"\xff\xff" + bytes(4000), struct.pack("!H", 2000) + bytes(2000), b"\0\x20" + q):
        s = socket.create_connection((host4, 53), timeout=10)
        s.sendall(data)
        try:
            s.shutdown(socket.SHUT_WR)
            answer = s.recv(100)
        except OSError:
            answer = b""  # reset
        if answer:
            sys.exit(f"answered: {data[:20]!r}")
    s = socket.create_connection((host4, 53), timeout=10)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    framed = struct.pack("!H", len(q)) + q
    for b in framed:
        s.send(bytes([b]))
    answers = b""
    s.sendall(framed * 50)
    while len(answers) < 51 * (struct.unpack("!H", answers[:2])[0] + 2 if len(answers) > 1 else 1):
        more = s.recv(65536)
        if not more:
            sys.exit("closed before all was answered")
        answers += more
elif kind == "dhcp-garbage":
    s = udp4(68)
    for p in garbage(discover, 20000):
        patient_send(lambda: s.sendto(p, ("255.255.255.255" if len(p) <= 1472 else host4, 67)))
elif kind == "dhcp-flood":
    s, replies = udp4(68), 0
    s.setblocking(False)
    for _ in range(20000):
        patient_send(lambda: s.sendto(discover(), ("255.255.255.255", 67)))
        try:
            while s.recv(2000):
                replies += 1
        except BlockingIOError:
            pass
    print(replies)
elif kind == "dhcp6-garbage":
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("::", 546))
    to = ("ff02::1:2", 547, 0, socket.if_nametoindex(interface))
    solicit = bytes.fromhex(
        "0196f7da0001000e00010001329509f3bebe83025bf600060008001700180027001f0008000200000003000c83025bf600000e1000001518"
    )
    for p in garbage(lambda: solicit, 20000):
        patient_send(lambda: s.sendto(p, to))
elif kind == "solicit":
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((interface, 0x86DD))
    mac = bytes.fromhex(open(f"/sys/class/net/{interface}/address").read().strip().replace(":", ""))
    group = socket.inet_pton(socket.AF_INET6, "ff02::2")

    def packet(source, body, hops=255):
        pseudo = source + group + struct.pack("!II", len(body), 58)
        data = pseudo + body + (b"\0" if len(body) % 2 else b"")
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        total = (total >> 16) + (total & 0xFFFF)
        total = ~((total >> 16) + total) & 0xFFFF
        body = body[:2] + struct.pack("!H", total) + body[4:]
        return b"\x33\x33\0\0\0\2" + mac + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(body), 58, hops) + source + group + body

    rs = bytes.fromhex("8500000000000000")
    for i in range(20000):
        source = b"\xfe\x80" + bytes(6) + os.urandom(8)
        option = b"\1\1" + os.urandom(6)
        body = rs + (option if i % 2 else os.urandom(random.randrange(0, 1200)))
        patient_send(lambda: s.send(packet(source, body, 255 if i % 7 else 64)))
else:
    sys.exit(__doc__)
