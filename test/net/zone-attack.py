#!/usr/bin/env python3
"""Attacks on a zone, as a table: who sends which frames, and where they must not arrive.

    zone-attack.py guarded WHEN    none of them arrives, what is right does
    zone-attack.py open            the control, the guards being gone: each of them arrives
    zone-attack.py converse        makes the flows that some of them abuse
    zone-attack.py flood           frames of 2,000 hardware addresses, for the bridge to learn
    zone-attack.py starve|questions    DHCP and DNS without end

Guests are namespaces (zone-attack.sh makes them); every frame is made by hand and carries a token, the places where it must
not arrive are listened at by packet sockets, so before whatever the one that is attacked would do with it. Prints TAP.
"""
import ctypes
import ipaddress
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from packet import checksum, extended, icmp6, ip, mac, packed, pseudo  # noqa: E402

IP, ARP, IP6 = 0x0800, 0x0806, 0x86DD
FORGED = mac('02:de:ad:be:ef:01')
ALL_MACS = b'\xff' * 6
UPLINK4, UPLINK6, PEER4, PEER6 = (packed(a) for a in ('198.51.100.1', '2001:db8:1::1', '198.51.100.2', '2001:db8:1::2'))
libc = ctypes.CDLL(None, use_errno=True)


class namespace:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.own = os.open('/proc/self/ns/net', os.O_RDONLY)
        if self.name:
            there = os.open('/run/netns/' + self.name, os.O_RDONLY)
            assert libc.setns(there, 0x40000000) == 0
            os.close(there)

    def __exit__(self, *_):
        assert libc.setns(self.own, 0x40000000) == 0
        os.close(self.own)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class End:
    """A link's end: its addresses, and a packet socket that sends and listens on it."""

    def __init__(self, name, space=None, link='host0'):
        self.name = name
        about = json.loads(output('ip', *(['-n', space] if space else []), '-j', 'addr', 'show', 'dev', link))[0]
        addresses = about['addr_info']
        self.mac = mac(about['address'])
        self.v4 = next(packed(a['local']) for a in addresses if a['family'] == 'inet')
        self.v6 = next(packed(a['local']) for a in addresses if a['family'] == 'inet6' and a['scope'] == 'global')
        self.local = next(packed(a['local']) for a in addresses if a['family'] == 'inet6' and a['scope'] == 'link')
        with namespace(space):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.socket.bind((link, 3))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        self.socket.setblocking(False)

    def received(self):
        while True:
            try:
                data, (_, _, kind, *_) = self.socket.recvfrom(65536)
            except BlockingIOError:
                return
            if kind != socket.PACKET_OUTGOING:
                yield data


class Stack:
    """What the host's own stack has accepted, all rules passed."""

    def __init__(self):
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP),
                        socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_UDP)]
        for s in self.sockets:
            s.setblocking(False)

    def received(self):
        for s in self.sockets:
            while True:
                try:
                    yield s.recv(65536)
                except BlockingIOError:
                    break


def udp(src, dst, token, sport=4000, dport=9999):
    datagram = struct.pack('!HHHH', sport, dport, 8 + len(token), 0) + token
    total = checksum(pseudo(src, dst, 17, len(datagram)) + datagram) or 0xFFFF
    return ip(src, dst, 17, datagram[:6] + struct.pack('!H', total) + datagram[8:], 64)


def group_mac(dst):
    return b'\x33\x33' + dst[12:] if len(dst) == 16 else b'\x01\0\x5e' + bytes([dst[1] & 0x7F]) + dst[2:]


def frame(dst, src, kind, payload):
    return dst + src + struct.pack('!H', kind) + payload


def of_ip(dst, src, packet):
    return frame(dst, src, IP if packet[0] >> 4 == 4 else IP6, packet)


def with_options(packet, options):
    """An IPv4 packet with options in its header."""
    header = bytes([0x45 + len(options) // 4]) + packet[1:2] + struct.pack('!H', len(packet) + len(options)) + \
        packet[4:10] + b'\0\0' + packet[12:20] + options
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + packet[20:]


def source_route(kind, hop):
    return bytes([kind, 7, 4]) + hop + b'\0'


def routed6(packet, kind, hop):
    """An IPv6 packet with a routing header."""
    header = bytes([packet[6], 2, kind, 1]) + bytes(4) + hop
    return packet[:4] + struct.pack('!H', len(packet) - 40 + len(header)) + b'\x2b' + packet[7:40] + header + packet[40:]


def fragments(packet, size):
    """The first fragment as long as said, the rest as another."""
    if packet[0] >> 4 == 4:
        def part(offset, data, more):
            header = packet[:2] + struct.pack('!H', 20 + len(data)) + b'\x12\x34' + \
                struct.pack('!H', more << 13 | offset // 8) + packet[8:10] + b'\0\0' + packet[12:20]
            return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + data
        body = packet[20:]
    else:
        def part(offset, data, more):
            return packet[:4] + struct.pack('!H', 8 + len(data)) + b'\x2c' + packet[7:40] + \
                bytes([packet[6], 0]) + struct.pack('!HI', offset | more, 7) + data
        body = packet[40:]
    return [part(0, body[:size], 1), part(size, body[size:], 0)]


def elsewhere(packet, token):
    """An IPv6 packet whose first fragment says no more of it than that another header follows, and the rest."""
    chain = b'\x3c\x01\x1e\x0c' + token.ljust(12, b'#') + bytes([packet[6]]) + b'\0\1\4' + bytes(4) + packet[40:]
    whole = packet[:4] + struct.pack('!H', len(chain)) + b'\x3c' + packet[7:40] + chain
    return fragments(whole, 16)


def of_length(packet, length):
    """An IPv4 packet that says another length than it has."""
    header = packet[:2] + struct.pack('!H', length) + packet[4:10] + b'\0\0' + packet[12:20]
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + packet[20:]


def question(src, token):
    """Who listens to groups: what a router asks."""
    if len(src) == 4:
        message = b'\x11\0\0\0' + bytes(4) + token
        return ip(src, packed('224.0.0.1'), 2, message[:2] + struct.pack('!H', checksum(message)) + message[4:], 1)
    return icmp6(src, packed('ff02::1'), 130, b'\0\x64\0\0' + bytes(16) + token)


def router4(src, token):
    message = b'\x09\0\0\0' + struct.pack('!BBH', 1, 2, 1800) + src + bytes(4) + token
    return ip(src, packed('224.0.0.1'), 1, message[:2] + struct.pack('!H', checksum(message)) + message[4:], 1)


def arp(op, sha, spa, tha, tpa, token, sizes=(1, IP, 6, 4)):
    return struct.pack('!HHBBH', *sizes, op) + sha + spa + tha + tpa + token


def option(token):
    """A neighbour discovery option that nobody knows."""
    return b'\xfd\x02' + token.ljust(14, b'#')


def advertisement(src, dst, target, lla, token, flags=0x60):
    return icmp6(src, dst, 136, bytes([flags, 0, 0, 0]) + target + b'\x02\x01' + lla + option(token))


def solicitation(src, dst, target, token, lla=None):
    return icmp6(src, dst, 135, bytes(4) + target + (b'\x01\x01' + lla if lla else b'') + option(token))


def router(src, token, lla, dst=packed('ff02::1')):
    return icmp6(src, dst, 134, struct.pack('!BBHII', 64, 0, 1800, 0, 0) + b'\x01\x01' + lla +
                 struct.pack('!BBBBIII', 3, 4, 64, 0xC0, 3600, 1800, 0) + packed('2001:db8:bad::') + option(token))


def redirect(src, dst, target, destination, token):
    inner = ip(dst, destination, 17, struct.pack('!HHHH', 1, 2, 8 + len(token), 0) + token, 64)
    inner += bytes(-len(inner) % 8)
    if len(src) == 16:
        return icmp6(src, dst, 137, bytes(4) + target + destination + b'\x04' + bytes([1 + len(inner) // 8]) + bytes(6) + inner)
    message = struct.pack('!BBH', 5, 1, 0) + target + inner
    return ip(src, dst, 1, message[:2] + struct.pack('!H', checksum(message)) + message[4:], 64)


def solicited_group(target):
    return packed('ff02::1:ff00:0')[:13] + target[13:]


mallory, victim = End('mallory', 'mallory'), End('victim', 'victim')
alone, alone2 = End('alone', 'alone'), End('alone2', 'alone2')
apart, apart2 = End('apart', 'apart'), End('apart2', 'apart2')
inmate, inmate2 = End('inmate', 'inmate'), End('inmate2', 'inmate2')
other, single, peer = End('other', 'other'), End('single', 'single'), End('peer', 'peer', 'eth0')
host, to_apart, to_inner, to_single = End('host', link='vz-foo'), End('host', link='vz-apart'), \
    End('host', link='vz-inner'), End('host', link='ve-single')
stack = Stack()
observers = {'victim': victim, 'host': host, 'stack': stack, 'alone2': alone2, 'apart2': apart2, 'inmate2': inmate2,
             'other': other, 'single': single, 'peer': peer, 'mallory': mallory}
table = []


# What is said of an entry: "right": it has to arrive; "forged": it must not, and does when the guards are gone;
# "never": not even then, as the kernel refuses it by itself.
def entry(kind, what, who, where, build):
    table.append((kind, what, who, where, build))


def right(*words):
    entry('right', *words)


def forged(*words):
    entry('forged', *words)


def towards(whom, where):
    """What is as wrong towards a sibling as towards the host."""
    m, t = mallory, whom
    name = f'to the {"host" if whom is host else "sibling"}: '
    for version, mine, theirs in ((4, m.v4, t.v4), (6, m.v6, t.v6)):
        right(f'{name}IPv{version}', m, where, lambda k, a=mine, b=theirs: of_ip(t.mac, m.mac, udp(a, b, k)))
        for what, smac in (('a forged MAC', FORGED), ("a sibling's MAC", alone.mac), ("the router's MAC", host.mac),
                           ('a multicast MAC', b'\x03\0\0\0\0\x01')):
            # The kernel believes nobody who is many.
            kind = 'never' if smac[0] & 1 else 'forged'
            entry(kind, f'{name}{what}, IPv{version}', m, where, lambda k, s=smac, a=mine, b=theirs: of_ip(t.mac, s, udp(a, b, k)))
        fakes = ['224.0.0.1', '255.255.255.255', '127.0.0.1', '0.0.0.0', '10.233.255.254'] if version == 4 else \
            ['ff02::1', '::1', '::', 'fe80::dead:beef', str(ipaddress.ip_address(mine[:8] + bytes(8))),
             str(ipaddress.ip_address(mine[:8] + b'\1' * 8)), f'::ffff:{ipaddress.ip_address(victim.v4)}']
        fakes = [(f, packed(f)) for f in fakes] + [
            ("a sibling's address", alone.v4 if version == 4 else alone.v6),
            ("the router's address", host.v4 if version == 4 else host.v6),
            ("the host's other address", UPLINK4 if version == 4 else UPLINK6),
            ('an address outside', PEER4 if version == 4 else PEER6)]
        for what, src in fakes:
            forged(f'{name}from {what}', m, where, lambda k, a=src, b=theirs: of_ip(t.mac, m.mac, udp(a, b, k)))
        src = alone.v4 if version == 4 else alone.v6
        forged(f'{name}from a sibling, in fragments, IPv{version}', m, where,
               lambda k, a=src, b=theirs: [of_ip(t.mac, m.mac, p) for p in fragments(udp(a, b, k * 4), 16)])
        for tag, tags in (('tagged', b'\x81\0\0\5'), ('tagged for priority', b'\x81\0\0\0'), ('tagged twice', b'\x88\xa8\0\5\x81\0\0\5')):
            for whose, a in (('own', mine), ("sibling's", src)):
                forged(f'{name}{tag}, the {whose} address, IPv{version}', m, where, lambda k, g=tags, a=a, b=theirs:
                       t.mac + m.mac + g + of_ip(b'', b'', udp(a, b, k)))
    right(f'{name}link-local', m, where, lambda k: of_ip(t.mac, m.mac, udp(m.local, t.local, k)))
    for header in ('hop', 'destination', 'fragment'):
        right(f'{name}behind an extension header: {header}', m, where,
              lambda k, h=header: of_ip(t.mac, m.mac, extended(udp(m.v6, t.v6, k), h)))
        forged(f'{name}from a sibling behind an extension header: {header}', m, where,
               lambda k, h=header: of_ip(t.mac, m.mac, extended(udp(alone.v6, t.v6, k), h)))
    right(f'{name}in fragments', m, where, lambda k: [of_ip(t.mac, m.mac, p) for p in fragments(udp(m.v4, t.v4, k * 4), 32)])

    for op, verb in ((1, 'request'), (2, 'reply')):
        right(f'{name}ARP {verb}', m, where, lambda k, o=op: frame(t.mac, m.mac, ARP, arp(o, m.mac, m.v4, t.mac, t.v4, k)))
        for to, dmac in (('', t.mac), (' to all', ALL_MACS)):
            for what, smac, sha, spa in (
                    ("of a sibling's address", m.mac, m.mac, alone.v4), ("of the router's address", m.mac, m.mac, host.v4),
                    ('of an address outside', m.mac, m.mac, PEER4), ('of an address of the zone', m.mac, m.mac, packed('10.233.0.200')),
                    ('of no address', m.mac, m.mac, bytes(4)),
                    ('with a forged MAC inside', m.mac, FORGED, m.v4), ('with a forged MAC outside', FORGED, m.mac, m.v4),
                    ("with a sibling's MAC", alone.mac, alone.mac, alone.v4), ("with the router's MAC inside", m.mac, host.mac, m.v4)):
                forged(f'{name}ARP {verb}{to} {what}', m, where, lambda k, o=op, d=dmac, s=smac, h=sha, p=spa:
                       frame(d, s, ARP, arp(o, h, p, t.mac, t.v4, k)))
        forged(f'{name}ARP announcement ({verb}) of a sibling', m, where,
               lambda k, o=op: frame(ALL_MACS, m.mac, ARP, arp(o, m.mac, alone.v4, ALL_MACS, alone.v4, k)))

    right(f'{name}neighbour advertisement', m, where, lambda k: of_ip(t.mac, m.mac, advertisement(m.local, t.local, m.v6, m.mac, k)))
    for whose, target in (('a sibling', alone.v6), ("a sibling's link-local address", alone.local), ('the router', host.v6),
                          ("the router's link-local address", host.local), ('one outside', PEER6), ('the one asked', t.v6)):
        for what, flags, dst in (('solicited, override', 0x60, t.local), ('unsolicited, override', 0x20, packed('ff02::1')),
                                 ('solicited', 0x40, t.local), ('of a router', 0xE0, t.local), ('plain', 0, packed('ff02::1'))):
            forged(f'{name}neighbour advertisement ({what}) of {whose}', m, where, lambda k, g=target, f=flags, d=dst:
                   of_ip(t.mac if d[0] == 0xFE else group_mac(d), m.mac, advertisement(m.local, d, g, m.mac, k, f)))
    for header in ('hop', 'destination', 'fragment'):
        forged(f'{name}neighbour advertisement of a sibling behind an extension header: {header}', m, where, lambda k, h=header:
               of_ip(t.mac, m.mac, extended(advertisement(m.local, t.local, alone.v6, m.mac, k), h)))
    forged(f'{name}neighbour advertisement, cut in its target', m, where, lambda k:
           of_ip(t.mac, m.mac, fragments(advertisement(m.local, t.local, k + alone.v6[8:], m.mac, k), 16)[0]))
    forged(f'{name}neighbour advertisement from a sibling', m, where,
           lambda k: of_ip(t.mac, m.mac, advertisement(alone.local, t.local, alone.v6, m.mac, k)))
    forged(f"{name}duplicate detection of a sibling's address", m, where, lambda k: of_ip(
        group_mac(solicited_group(t.v6)), m.mac, solicitation(bytes(16), solicited_group(t.v6), t.v6, k)))
    forged(f'{name}neighbour solicitation from a sibling', m, where,
           lambda k: of_ip(t.mac, m.mac, solicitation(alone.local, t.local, t.v6, k, m.mac)))

    for what, src in (('own', m.local), ("the router's", host.local)):
        forged(f'{name}router advertisement from {what} address', m, where,
               lambda k, a=src: of_ip(group_mac(packed('ff02::1')), m.mac, router(a, k, m.mac)))
        forged(f'{name}router advertisement from {what} address, to one', m, where,
               lambda k, a=src: of_ip(t.mac, m.mac, router(a, k, m.mac, t.local)))
    for header in ('hop', 'destination', 'fragment'):
        forged(f'{name}router advertisement behind an extension header: {header}', m, where,
               lambda k, h=header: of_ip(group_mac(packed('ff02::1')), m.mac, extended(router(m.local, k, m.mac), h)))
    forged(f'{name}router advertisement in fragments', m, where, lambda k: [
        of_ip(group_mac(packed('ff02::1')), m.mac, p) for p in fragments(router(m.local, k, m.mac), 72)][:1])
    for what, packet, to in (('router advertisement', router(m.local, b'', m.mac), group_mac(packed('ff02::1'))),
                             ('neighbour advertisement of a sibling', advertisement(m.local, t.local, alone.v6, m.mac, b''), t.mac),
                             ('redirect', redirect(m.local, t.local, m.local, PEER6, b''), t.mac),
                             ('DHCPv6 server', udp(m.local, t.local, b'', 547, 546), t.mac)):
        forged(f'{name}{what} in the next fragment', m, where, lambda k, p=packet, d=to:
               [of_ip(d, m.mac, f) for f in elsewhere(p, k)])
    for src in (m.v4, m.local):
        forged(f'{name}a question who listens to groups, IPv{4 if len(src) == 4 else 6}', m, where,
               lambda k, a=src: of_ip(group_mac(packed('224.0.0.1' if len(a) == 4 else 'ff02::1')), m.mac, question(a, k)))
    forged(f'{name}router advertisement, IPv4', m, where, lambda k: of_ip(group_mac(packed('224.0.0.1')), m.mac, router4(m.v4, k)))
    for length in (0, 19, 1500):
        forged(f'{name}DHCP server in a packet that says that it has {length} bytes', m, where,
               lambda k, n=length: of_ip(t.mac, m.mac, of_length(udp(m.v4, t.v4, k, 67, 68), n)))
    for sizes in ((6, IP, 6, 4), (1, IP6, 6, 4), (1, IP, 8, 4), (1, IP, 6, 16)):
        forged(f'{name}ARP of other kinds and sizes: {sizes}', m, where, lambda k, s=sizes: frame(
            t.mac, m.mac, ARP, arp(2, m.mac, m.v4, alone.mac, alone.v4, k, s)))
    forged(f'{name}redirect', m, where, lambda k: of_ip(t.mac, m.mac, redirect(m.v4, t.v4, m.v4, PEER4, k)))
    forged(f'{name}redirect, IPv6', m, where, lambda k: of_ip(t.mac, m.mac, redirect(m.local, t.local, m.local, PEER6, k)))
    forged(f"{name}redirect in the router's name", m, where, lambda k: of_ip(t.mac, m.mac, redirect(host.v4, t.v4, m.v4, PEER4, k)))
    forged(f"{name}redirect in the router's name, IPv6", m, where,
           lambda k: of_ip(t.mac, m.mac, redirect(host.local, t.local, m.local, PEER6, k)))

    for what, sport, dport, sport6, dport6 in (('', 67, 68, 547, 546), (' from another port', 4000, 68, 4000, 546)):
        forged(f'{name}DHCP server{what}', m, where, lambda k, s=sport, d=dport: of_ip(t.mac, m.mac, udp(m.v4, t.v4, k, s, d)))
        forged(f'{name}DHCP server{what}, to all', m, where,
               lambda k, s=sport, d=dport: of_ip(ALL_MACS, m.mac, udp(m.v4, b'\xff' * 4, k, s, d)))
        forged(f'{name}DHCP server{what}, in fragments', m, where, lambda k, s=sport, d=dport:
               [of_ip(t.mac, m.mac, p) for p in fragments(udp(m.v4, t.v4, k * 4, s, d), 32)][:1])
        forged(f'{name}DHCPv6 server{what}', m, where, lambda k, s=sport6, d=dport6: of_ip(t.mac, m.mac, udp(m.local, t.local, k, s, d)))
        forged(f'{name}DHCPv6 server{what}, behind a destination header', m, where, lambda k, s=sport6, d=dport6:
               of_ip(t.mac, m.mac, extended(udp(m.local, t.local, k, s, d), 'destination')))

    if t is not host:
        forged(f'{name}DHCP client', m, where, lambda k: of_ip(t.mac, m.mac, udp(m.v4, t.v4, k, 68, 67)))
        forged(f'{name}DHCP client, to all', m, where, lambda k: of_ip(ALL_MACS, m.mac, udp(bytes(4), b'\xff' * 4, k, 68, 67)))
        forged(f'{name}DHCPv6 client', m, where, lambda k: of_ip(
            group_mac(packed('ff02::1:2')), m.mac, udp(m.local, packed('ff02::1:2'), k, 546, 547)))

    for what, kind, payload in (
            ('LLC', 46, b'\xaa\xaa\x03\0\0\0\x08\0'), ('an unknown ethertype', 0x88B5, b''), ('PPPoE', 0x8863, b''),
            ('MPLS', 0x8847, b'\0\0\x11\x40'), ('EAPOL', 0x888E, b''), ('RARP', 0x8035, b''), ('IPX', 0x8137, b''),
            ('MACsec', 0x88E5, b''), ('batman', 0x4305, b''), ('IPv6 as IPv4', IP, ip(m.v6, t.v6, 17, b'', 64)),
            ('IPv4 as IPv6', IP6, ip(m.v4, t.v4, 17, b'', 64))):
        forged(f'{name}{what}', m, where, lambda k, e=kind, p=payload: frame(t.mac, m.mac, e, p + k))


towards(victim, 'victim')
towards(host, 'host')

# Frames to the groups that bridges keep to themselves: the kernel hands some of them to the host without the bridge.
m = mallory
BPDU = mac('01:80:c2:00:00:00')
forged('a spanning tree message to siblings', m, 'victim', lambda k: frame(BPDU, m.mac, 39, b'\x42\x42\x03' + bytes(35) + k))
for last in (0, 1, 2, 3, 0x0E):
    group = BPDU[:5] + bytes([last])
    kind = 'never' if last == 1 else 'forged'
    for what, src, dport in (('its own address', m.v4, 7777), ("a sibling's address", alone.v4, 7777), ('an outside address', PEER4, 53)):
        entry(kind, f'IPv4 from {what} in a frame to {group.hex(":")}', m, 'stack',
              lambda k, g=group, a=src, p=dport: of_ip(g, m.mac, udp(a, host.v4, k, 4000, p)))
    for what, src, dport in (('its own address', m.v6, 7777), ("a sibling's address", alone.v6, 53)):
        entry(kind, f'IPv6 from {what} in a frame to {group.hex(":")}', m, 'stack',
              lambda k, g=group, a=src, p=dport: of_ip(g, m.mac, udp(a, host.v6, k, 4000, p)))

# The host: what it answers, and nothing else of it.
right('DNS of the host', m, 'stack', lambda k: of_ip(host.mac, m.mac, udp(m.v4, host.v4, k, 4000, 53)))
right('DNS of the host, IPv6', m, 'stack', lambda k: of_ip(host.mac, m.mac, udp(m.v6, host.v6, k, 4000, 53)))
for what, src, dst in (('', m.v4, host.v4), (', IPv6', m.v6, host.v6), (' by another address of its', m.v4, UPLINK4),
                       (' by another address of its, IPv6', m.v6, UPLINK6), (" by another zone's address", m.v4, to_apart.v4),
                       (" by another zone's address, IPv6", m.v6, to_apart.v6), (' by 127.0.0.1', m.v4, packed('127.0.0.1'))):
    forged(f'a port of the host{what}', m, 'stack', lambda k, a=src, b=dst: of_ip(host.mac, m.mac, udp(a, b, k, 4000, 7777)))
    if dst not in (host.v4, host.v6):
        forged(f'DNS of the host{what}', m, 'stack', lambda k, a=src, b=dst: of_ip(host.mac, m.mac, udp(a, b, k, 4000, 53)))
forged('a port of the host, to all', m, 'stack', lambda k: of_ip(ALL_MACS, m.mac, udp(m.v4, b'\xff' * 4, k, 4000, 7777)))
forged('a port of the host, in fragments', m, 'stack',
       lambda k: [of_ip(host.mac, m.mac, p) for p in fragments(udp(m.v4, host.v4, k * 4, 4000, 7777), 32)])

# Other zones and containers.
for name, end in (('other', other), ('single', single)):
    for version, src, dst, uplink in ((4, m.v4, end.v4, UPLINK4), (6, m.v6, end.v6, UPLINK6)):
        forged(f'into {name}, by the host, IPv{version}', m, name, lambda k, a=src, b=dst: of_ip(host.mac, m.mac, udp(a, b, k)))
        forged(f'into {name}, to the port that is forwarded, IPv{version}', m, name,
               lambda k, a=src, b=dst: of_ip(host.mac, m.mac, udp(a, b, k, 4000, 5300)))
        right(f'into {name}, by the port of the host, IPv{version}', m, name,
              lambda k, a=src, b=uplink, p=5301 if end is other else 5302: of_ip(host.mac, m.mac, udp(a, b, k, 4000, p)))
        forged(f'into {name}, in fragments, IPv{version}', m, name,
               lambda k, a=src, b=dst: [of_ip(host.mac, m.mac, p) for p in fragments(udp(a, b, k * 4), 32)])
    # Of a flow that the host lets pass: it answered a question for its DNS.
    for what, kind in (('loose', 131), ('strict', 137)):
        forged(f'into {name}, {what} source route', m, name, lambda k, e=end, t=kind:
               of_ip(host.mac, m.mac, with_options(udp(m.v4, host.v4, k, 4444, 53), source_route(t, e.v4))))
    for kind in (0, 2, 3, 4):
        entry('never', f'into {name}, IPv6 routing header {kind}', m, name, lambda k, e=end, t=kind:
              of_ip(host.mac, m.mac, routed6(udp(m.v6, host.v6, k, 4444, 53), t, e.v6)))
for version, src, dst in ((4, single.v4, m.v4), (6, single.v6, m.v6)):
    forged(f'from a veth into the zone, IPv{version}', single, 'mallory', lambda k, a=src, b=dst: of_ip(to_single.mac, single.mac, udp(a, b, k)))
forged('from a veth, loose source route', single, 'mallory', lambda k: of_ip(
    to_single.mac, single.mac, with_options(udp(single.v4, to_single.v4, k, 4444, 53), source_route(131, m.v4))))

# Isolated members.
for what, a, b, where, h in (('isolated members', alone, alone2, 'alone2', host), ('an isolated zone', apart, apart2, 'apart2', to_apart)):
    for version, src, dst in ((4, a.v4, b.v4), (6, a.v6, b.v6), ('6 (link-local)', a.local, b.local)):
        forged(f'{what}: IPv{version}', a, where, lambda k, a=a, b=b, s=src, d=dst: of_ip(b.mac, a.mac, udp(s, d, k)))
        forged(f'{what}: IPv{version} in a frame to all', a, where, lambda k, a=a, s=src, d=dst: of_ip(ALL_MACS, a.mac, udp(s, d, k)))
        if dst[0] != 0xFE:
            forged(f'{what}: IPv{version} by the router', a, where, lambda k, a=a, h=h, s=src, d=dst: of_ip(h.mac, a.mac, udp(s, d, k)))
    forged(f'{what}: by the router, loose source route', a, where, lambda k, a=a, b=b, h=h: of_ip(
        h.mac, a.mac, with_options(udp(a.v4, h.v4, k, 4444, 53), source_route(131, b.v4))))
    forged(f'{what}: broadcast', a, where, lambda k, a=a: of_ip(ALL_MACS, a.mac, udp(a.v4, b'\xff' * 4, k)))
    for group, src in (('224.0.0.251', a.v4), ('ff02::fb', a.local), ('ff02::1', a.local)):
        forged(f'{what}: multicast to {group}', a, where, lambda k, a=a, g=packed(group), s=src: of_ip(group_mac(g), a.mac, udp(s, g, k)))
    forged(f'{what}: ARP', a, where, lambda k, a=a, b=b: frame(ALL_MACS, a.mac, ARP, arp(1, a.mac, a.v4, bytes(6), b.v4, k)))
    forged(f'{what}: neighbour solicitation', a, where, lambda k, a=a, b=b: of_ip(
        group_mac(solicited_group(b.v6)), a.mac, solicitation(a.local, solicited_group(b.v6), b.v6, k, a.mac)))
right('an isolated member reaches one that is not', alone, 'victim', lambda k: of_ip(victim.mac, alone.mac, udp(alone.v4, victim.v4, k)))
right('  IPv6', alone, 'victim', lambda k: of_ip(victim.mac, alone.mac, udp(alone.v6, victim.v6, k)))
right('multicast reaches a sibling', m, 'victim', lambda k: of_ip(group_mac(packed('224.0.0.251')), m.mac, udp(m.v4, packed('224.0.0.251'), k)))
right('  IPv6', m, 'victim', lambda k: of_ip(group_mac(packed('ff02::fb')), m.mac, udp(m.local, packed('ff02::fb'), k)))
forged('multicast from a forged address', m, 'victim', lambda k: of_ip(group_mac(packed('224.0.0.251')), m.mac, udp(alone.v4, packed('224.0.0.251'), k)))

# Zones without a way out.
right('internal: a member', inmate, 'inmate2', lambda k: of_ip(inmate2.mac, inmate.mac, udp(inmate.v4, inmate2.v4, k)))
right('internal: a member, IPv6', inmate, 'inmate2', lambda k: of_ip(inmate2.mac, inmate.mac, udp(inmate.v6, inmate2.v6, k)))
right('another zone: outside', m, 'peer', lambda k: of_ip(host.mac, m.mac, udp(m.v4, PEER4, k)))
right('another zone: outside, IPv6', m, 'peer', lambda k: of_ip(host.mac, m.mac, udp(m.v6, PEER6, k)))
for version, src, out in ((4, inmate.v4, PEER4), (6, inmate.v6, PEER6)):
    forged(f'internal: outside, IPv{version}', inmate, 'peer', lambda k, a=src, b=out: of_ip(to_inner.mac, inmate.mac, udp(a, b, k)))
    forged(f'internal: outside, in fragments, IPv{version}', inmate, 'peer',
           lambda k, a=src, b=out: [of_ip(to_inner.mac, inmate.mac, p) for p in fragments(udp(a, b, k * 4), 32)])
    forged(f'internal: DNS outside, IPv{version}', inmate, 'peer',
           lambda k, a=src, b=out: of_ip(to_inner.mac, inmate.mac, udp(a, b, k, 4000, 53)))
    forged(f'internal: another zone, IPv{version}', inmate, 'other', lambda k, a=src, b=other.v4 if version == 4 else other.v6:
           of_ip(to_inner.mac, inmate.mac, udp(a, b, k)))
forged('internal: outside, loose source route', inmate, 'peer', lambda k: of_ip(
    to_inner.mac, inmate.mac, with_options(udp(inmate.v4, to_inner.v4, k, 4444, 53), source_route(131, PEER4))))
for version, src, uplink in ((4, inmate.v4, UPLINK4), (6, inmate.v6, UPLINK6)):
    entry('closed', f"internal: another zone by the host's port, IPv{version}", inmate, 'other',
          lambda k, a=src, b=uplink: of_ip(to_inner.mac, inmate.mac, udp(a, b, k, 4000, 5301)))


def run(guarded, when):
    failed = 0
    count = 0

    def say(good, what, seen=''):
        nonlocal failed
        failed += not good
        print(f'{"ok" if good else "not ok"} - {when}: {what}{": " + seen if seen and not good else ""}')

    for o in observers.values():
        for _ in o.received():
            pass
    sent, arrived = [], {name: set() for name in observers}
    started = os.getpid() % 1000 * 1000

    def collect():
        for name, o in observers.items():
            for data in o.received():
                arrived[name].update(re.findall(rb'~(\d{6})~', data))
    for kind, what, who, where, build in table:
        if kind in ('right', 'closed') and not guarded:
            continue
        count += 1
        token = b'~%06d~' % ((started + count) % 1000000)
        frames = build(token)
        for f in frames if isinstance(frames, list) else [frames]:
            who.socket.send(f)
        sent.append((kind, what, where, token.strip(b'~')))
        if count % 16 == 0:
            collect()
    expected = 'right' if guarded else 'forged'
    end = time.monotonic() + 3
    while time.monotonic() < end:
        collect()
        if all(token in arrived[where] for kind, _, where, token in sent if kind == expected):
            break
        time.sleep(0.02)
    time.sleep(0.1)
    collect()
    for kind, what, where, token in sent:
        wanted = kind == expected
        there = token in arrived[where]
        if guarded:
            say(there == wanted, what if kind == 'right' else f'forged: {what}', 'it arrived' if there else 'it did not arrive')
        else:
            say(there == wanted, f'{what}: arrives' if wanted else f'{what}: the kernel refuses it', f'at {where}: {there}')
    return failed


def converse():
    """Flows that the host knows and answers: 4444 to its DNS."""
    question = struct.pack('!HHHHHH', 7, 0x0100, 1, 0, 0, 0) + b'\4host\x08internal\0' + struct.pack('!HH', 1, 1)
    for space, end in (('mallory', host), ('alone', host), ('apart', to_apart), ('inmate', to_inner), ('single', to_single)):
        with namespace(space):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(('', 4444))
        s.settimeout(2)
        s.sendto(question, (str(ipaddress.ip_address(end.v4)), 53))
        try:
            s.recv(2000)
        except OSError as e:
            print(f'# {space}: DNS: {e}')
        s.close()


def flood():
    for i in range(2000):
        who = b'\x02\xf0\0\0' + struct.pack('!H', i)
        dst = host.mac if i % 2 else BPDU[:5] + b'\x0e'
        mallory.socket.send(of_ip(dst, who, udp(mallory.v4, host.v4, b'flood')))
    # And the sibling's, which would turn its traffic away from it.
    mallory.socket.send(frame(BPDU[:5] + b'\x0e', victim.mac, 0x88CC, bytes(46)))


def pause(i):
    """So that the one processor that this may have is not the whole attack."""
    if i % 32 == 0:
        time.sleep(0.005)


def starve():
    """DHCP for ever others, and in the victim's name; until it is killed."""
    i = 0
    while True:
        i += 1
        pause(i)
        client = (victim.mac, mallory.mac)[i % 4] if i % 4 < 2 else b'\x02\xf1' + struct.pack('!I', i)
        # DISCOVER, REQUEST, DECLINE, RELEASE
        for kind in (1, 3, 4, 7):
            options = b'\x63\x82\x53\x63' + bytes([53, 1, kind, 61, 7, 1]) + client + b'\x32\4' + victim.v4 + b'\x36\4' + host.v4 + b'\xff'
            message = struct.pack('!BBBBIHH', 1, 1, 6, 0, i, 0, 0) + (victim.v4 if kind == 7 else bytes(4)) + bytes(12) + \
                client.ljust(16, b'\0') + bytes(192) + options
            mallory.socket.send(of_ip(ALL_MACS, mallory.mac, udp(bytes(4), b'\xff' * 4, message, 68, 67)))
            mallory.socket.send(of_ip(host.mac, mallory.mac, udp(mallory.v4, host.v4, message, 68, 67)))


def questions():
    """DNS, as fast as it goes; until it is killed."""
    i = 0
    while True:
        i += 1
        pause(i)
        name = b'\x07q%06d\6silent\4test\0' % (i % 1000000)
        message = struct.pack('!HHHHHH', i & 0xFFFF, 0x0100, 1, 0, 0, 0) + name + struct.pack('!HH', 1, 1)
        mallory.socket.send(of_ip(host.mac, mallory.mac, udp(mallory.v4, host.v4, message, 1024 + i % 60000, 53)))


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    verb, when = sys.argv[1], ' '.join(sys.argv[2:])
    others = {'flood': flood, 'converse': converse, 'starve': starve, 'questions': questions}
    if verb in others:
        others[verb]()
        return
    sys.exit(1 if run(verb == 'guarded', when or 'control') else 0)


main()
