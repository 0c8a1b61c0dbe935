#!/usr/bin/env python3
"""A resolver of the host that does what a test needs: fake-resolver.py ADDRESS LOG [silent|refused|servfail|udp]

Answers over UDP and (unless its mood is "udp") TCP; one line "UDP|TCP PORT ID NAME TYPE" a query goes to LOG. What it does follows from the name:
  big.test          truncated over UDP, 3,000 bytes of TXT over TCP
  wrong-id.test     first an answer with another id and a false address, then the right one
  wrong-name.test   likewise with another question
  lower.test        an answer whose question is in lower case
  servfail.test     SERVFAIL; refused.test: REFUSED without a question; nx.test: NXDOMAIN
  silent.test       nothing
  anything else     192.0.2.N for A, N the last number of ADDRESS; 2001:db8::N for AAAA; ADDRESS as TXT
"""
import socket
import struct
import sys
import threading

address, log_path = sys.argv[1], sys.argv[2]
mood = sys.argv[3] if len(sys.argv) > 3 else ""
log = open(log_path, "a", buffering=1)
number = int(address.rsplit(".", 1)[1])


def parse(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    kind, _ = struct.unpack("!HH", query[at + 1 : at + 5])
    return ".".join(labels), kind, query[12 : at + 5]


def message(query, question, flags=0x8180, records=(), ident=None):
    head = query[:2] if ident is None else struct.pack("!H", ident)
    return head + struct.pack("!HHHHH", flags, 1 if question else 0, len(records), 0, 0) + question + b"".join(records)


def record(kind, data):
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def text(s):
    return bytes([len(s)]) + s.encode()


def answers(query, tcp):
    name, kind, question = parse(query)
    ident = struct.unpack("!H", query[:2])[0]
    lower = name.lower()
    right = {
        1: record(1, bytes([192, 0, 2, number])),
        28: record(28, socket.inet_pton(socket.AF_INET6, f"2001:db8::{number:x}")),
        16: record(16, text(address)),
    }
    records = [right[kind]] if kind in right else []
    false = record(1, bytes([6, 6, 6, 6]))
    if mood == "silent" or lower == "silent.test":
        return []
    if mood == "refused" or lower == "refused.test":
        return [message(query, b"", 0x8185)]
    if mood == "servfail" or lower == "servfail.test":
        return [message(query, question, 0x8182)]
    if lower == "nx.test":
        return [message(query, question, 0x8183)]
    if lower == "big.test":
        if not tcp:
            return [message(query, question, 0x8380)]
        return [message(query, question, records=[record(16, text("x" * 149)) for _ in range(20)])]
    if lower == "wrong-id.test":
        return [message(query, question, records=[false], ident=ident ^ 1), message(query, question, records=records)]
    if lower == "wrong-name.test":
        other = question.replace(b"wrong", b"right", 1)
        return [message(query, other, records=[false]), message(query, question, records=records)]
    if lower == "lower.test":
        return [message(query, question.lower(), records=records)]
    return [message(query, question, records=records)]


def note(transport, port, query):
    name, kind, _ = parse(query)
    print(transport, port, struct.unpack("!H", query[:2])[0], name, kind, file=log)


def serve_connection(connection, peer):
    with connection:
        size = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
        query = connection.recv(size, socket.MSG_WAITALL)
        note("TCP", peer[1], query)
        for answer in answers(query, True):
            connection.sendall(struct.pack("!H", len(answer)) + answer)


def serve_tcp(listener):
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=serve_connection, args=(connection, peer), daemon=True).start()


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((address, 53))
if mood != "udp":
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 53))
    listener.listen(64)
    threading.Thread(target=serve_tcp, args=(listener,), daemon=True).start()
print("ready", file=log)
while True:
    query, peer = udp.recvfrom(65535)
    note("UDP", peer[1], query)
    for answer in answers(query, False):
        udp.sendto(answer, peer)
