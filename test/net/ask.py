#!/usr/bin/env python3
"""ask.py ADDRESS PORT: sends a datagram to answer.py and prints what it says; status 1 when nothing comes."""
import socket
import sys

s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b'hello\n')
try:
    print(s.recv(2048).decode().strip())
except OSError as e:
    sys.exit(str(e))
