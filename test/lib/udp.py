#!/usr/bin/env python3
"""UDP whose clients keep their ports.

udp.py serve PORT WORD             answers everything with WORD
udp.py ask ADDRESS PORT MY-PORT    asks three times from that port and prints the answer, or "nothing\""""
import socket
import sys

if sys.argv[1] == "serve":
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("::", int(sys.argv[2])))
    while True:
        s.sendto(sys.argv[3].encode(), s.recvfrom(100)[1])
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[4])))
s.settimeout(0.5)
answer = "nothing"
for _ in range(3):
    try:
        s.sendto(b"?", (sys.argv[2], int(sys.argv[3])))
        answer = s.recvfrom(100)[0].decode()
        break
    except OSError:
        pass
print(answer)
