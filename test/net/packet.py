#!/usr/bin/env python3
"""Sends one hand-made Ethernet frame: what a guest with root and raw sockets can do.

    packet.py IFACE KIND key=value...
    packet.py IFACE -                     the same, a line of standard input a frame; answers each with "sent"

Keys every kind knows: smac, dmac (of the frame; smac defaults to the interface's own), vlan=ID (a tag), and for IPv6
extension=hop|destination|fragment (a header in between). Kinds:
    udp     src dst sport dport data [ttl]         IPv4 or IPv6, by the addresses
    arp     op=1|2 sha spa tha tpa                 ARP
    na      src dst target lla                     neighbour advertisement, override and solicited
    ra      src [dst] prefix lla                   router advertisement
    redirect src dst target destination [inner=SPORT,DPORT]   ICMPv6 or ICMP redirect, by the addresses, of a datagram
"""
import ipaddress
import socket
import struct
import sys

ETH_IP, ETH_ARP, ETH_IP6 = 0x0800, 0x0806, 0x86DD


def mac(text):
    return bytes(int(x, 16) for x in text.split(':'))


def packed(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(src, dst, protocol, length):
    if len(src) == 4:
        return src + dst + struct.pack('!BBH', 0, protocol, length)
    return src + dst + struct.pack('!IHBB', length, 0, 0, protocol)


def ip(src, dst, protocol, payload, ttl):
    if len(src) == 16:
        return struct.pack('!IHBB', 6 << 28, len(payload), protocol, ttl) + src + dst + payload
    header = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0, ttl, protocol, 0) + src + dst
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + payload


def icmp6(src, dst, kind, body):
    message = struct.pack('!BBH', kind, 0, 0) + body
    total = checksum(pseudo(src, dst, 58, len(message)) + message)
    return ip(src, dst, 58, message[:2] + struct.pack('!H', total) + message[4:], 255)


def extended(packet, which):
    number, body = {
        'hop': (0, b'\x01\x04\0\0\0\0'),          # PadN
        'destination': (60, b'\x01\x04\0\0\0\0'),
        'fragment': (44, struct.pack('!HI', 0, 7)),  # the one and only fragment
    }[which]
    header = bytes([packet[6], 0]) + body
    return packet[:4] + struct.pack('!H', len(packet) - 40 + 8) + bytes([number]) + packet[7:40] + header + packet[40:]


def multicast_mac(dst):
    return b'\x33\x33' + dst[12:] if len(dst) == 16 else b'\xff' * 6


def send(s, own, kind, words):
    k = dict(word.split('=', 1) for word in words)
    smac = mac(k.get('smac', own))
    dmac = None
    if kind == 'udp':
        src, dst, data = packed(k['src']), packed(k['dst']), k.get('data', 'x').encode() + b'\n'
        udp = struct.pack('!HHHH', int(k['sport']), int(k['dport']), 8 + len(data), 0) + data
        total = checksum(pseudo(src, dst, 17, len(udp)) + udp) or 0xFFFF
        payload = ip(src, dst, 17, udp[:6] + struct.pack('!H', total) + udp[8:], int(k.get('ttl', 64)))
        ethertype = ETH_IP if len(src) == 4 else ETH_IP6
        if dst[0] == 0xff:
            dmac = multicast_mac(dst)
    elif kind == 'arp':
        payload = struct.pack('!HHBBH', 1, ETH_IP, 6, 4, int(k['op'])) + mac(k['sha']) + packed(k['spa']) + \
            mac(k.get('tha', '00:00:00:00:00:00')) + packed(k['tpa'])
        ethertype, dmac = ETH_ARP, b'\xff' * 6
    elif kind == 'na':
        src, dst = packed(k['src']), packed(k['dst'])
        payload = icmp6(src, dst, 136, struct.pack('!I', 0x60000000) + packed(k['target']) + b'\x02\x01' + mac(k['lla']))
        ethertype = ETH_IP6
    elif kind == 'ra':
        src, dst = packed(k['src']), packed(k.get('dst', 'ff02::1'))
        body = struct.pack('!BBHII', 64, 0, 1800, 0, 0) + b'\x01\x01' + mac(k['lla']) + \
            struct.pack('!BBBBIII', 3, 4, 64, 0xC0, 3600, 1800, 0) + packed(k['prefix'])
        payload, ethertype, dmac = icmp6(src, dst, 134, body), ETH_IP6, multicast_mac(dst)
    elif kind == 'redirect':
        src, dst = packed(k['src']), packed(k['dst'])
        target, destination = packed(k['target']), packed(k['destination'])
        ports = [int(port) for port in k.get('inner', '1,2').split(',')]
        inner = ip(dst, destination, 17, struct.pack('!HHHH', *ports, 8, 0), 64)
        if len(src) == 16:
            option = b'\x04' + bytes([(8 + len(inner)) // 8]) + b'\0' * 6 + inner
            payload, ethertype = icmp6(src, dst, 137, b'\0' * 4 + target + destination + option), ETH_IP6
        else:
            message = struct.pack('!BBH', 5, 1, 0) + target + inner
            message = message[:2] + struct.pack('!H', checksum(message)) + message[4:]
            payload, ethertype = ip(src, dst, 1, message, 64), ETH_IP
    else:
        sys.exit('unknown kind ' + kind)
    if 'dmac' in k:
        dmac = mac(k['dmac'])
    if 'extension' in k:
        payload = extended(payload, k['extension'])
    tag = struct.pack('!HH', 0x8100, int(k['vlan'])) if 'vlan' in k else b''
    s.send(dmac + smac + tag + struct.pack('!H', ethertype) + payload)


def main():
    iface = sys.argv[1]
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((iface, 0))
    own = s.getsockname()[4].hex(':')
    if sys.argv[2] != '-':
        send(s, own, sys.argv[2], sys.argv[3:])
        return
    for line in sys.stdin:
        words = line.split()
        send(s, own, words[0], words[1:])
        print('sent', flush=True)


if __name__ == '__main__':
    main()
