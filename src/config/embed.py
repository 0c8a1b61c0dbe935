#!/usr/bin/env python3
"""embed.py NAME INPUT OUTPUT: writes INPUT (JSON, its blanks left out) as the C array NAME and NAME_size."""
import json
import sys

name, source, target = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    data = json.dumps(json.load(file), separators=(",", ":"), ensure_ascii=False).encode()
lines = [", ".join(str(byte) for byte in data[i : i + 24]) for i in range(0, len(data), 24)]
with open(target, "w", encoding="ascii") as file:
    file.write(f"/* Made from {name.replace('_', '.')}. */\n")
    file.write(f"extern const char {name}[];\nextern const unsigned {name}_size;\n")
    file.write(f"const char {name}[] = {{\n" + ",\n".join(lines) + "};\n")
    file.write(f"const unsigned {name}_size = sizeof({name});\n")
