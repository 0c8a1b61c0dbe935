#!/usr/bin/env python3
"""Answers on TCP and UDP ports, IPv4 and IPv6, with its own name and the address that it sees the other side have.

    answer.py NAME LOG tcp:PORT|udp:PORT...        LOG: what UDP datagrams said, a line each
"""
import selectors
import socket
import sys


def main():
    name, log = sys.argv[1], open(sys.argv[2], 'a', buffering=1)
    selector = selectors.DefaultSelector()
    for word in sys.argv[3:]:
        protocol, port = word.split(':')
        for family, any_address in ((socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')):
            s = socket.socket(family, socket.SOCK_STREAM if protocol == 'tcp' else socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind((any_address, int(port)))
            if protocol == 'tcp':
                s.listen(16)
            selector.register(s, selectors.EVENT_READ, protocol)
    log.write('ready\n')
    while True:
        for key, _ in selector.select():
            if key.data == 'tcp':
                connection, peer = key.fileobj.accept()
                connection.sendall(('%s %s\n' % (name, peer[0])).encode())
                connection.close()
            else:
                data, peer = key.fileobj.recvfrom(2048)
                log.write(data.decode('ascii', 'replace').strip() + '\n')
                key.fileobj.sendto(('%s %s\n' % (name, peer[0])).encode(), peer)


main()
