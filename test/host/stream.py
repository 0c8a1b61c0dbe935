#!/usr/bin/env python3
"""A slow stream whose lines are counted.

stream.py serve PORT QUIET       sends each caller the numbers from 1, one every 10 ms, and expects them back; silent while
                                 there is a file QUIET
stream.py call ADDRESS PORT FILE calls, sends each number back, and keeps FILE saying how many came, or why it ended;
                                 from the address $SOURCE, if it is set"""
import os
import select
import socket
import sys
import threading
import time


def serve_one(connection, quiet):
    try:
        talk(connection, quiet)
    except OSError:
        pass  # the caller's file says why


def talk(connection, quiet):
    sent = returned = 0
    lines = b""
    while True:
        if not os.path.exists(quiet):
            sent += 1
            connection.sendall(b"%d\n" % sent)
        time.sleep(0.01)
        while select.select([connection], [], [], 0)[0]:
            data = connection.recv(4096)
            if not data:
                return
            lines += data
        while b"\n" in lines:
            line, lines = lines.split(b"\n", 1)
            returned += 1
            if int(line) != returned:
                connection.close()
                return


def serve(port, quiet):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        threading.Thread(target=serve_one, args=(server.accept()[0], quiet), daemon=True).start()


def call(address, port, path):
    def say(text):
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    try:
        stream = socket.create_connection((address, port), 10, (os.environ["SOURCE"], 0) if "SOURCE" in os.environ else None)
        stream.settimeout(60)
        for count, line in enumerate(stream.makefile("rb"), 1):
            if int(line) != count:
                return say(f"ended: {count} expected, {line!r} came")
            stream.sendall(line)
            say(str(count))
        say("ended: closed by the other side")
    except OSError as e:
        say(f"ended: {e}")


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]), sys.argv[3])
else:
    call(sys.argv[2], int(sys.argv[3]), sys.argv[4])
