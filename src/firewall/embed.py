# embed.py INPUT OUTPUT: base.nft as a C string.
import sys

lines = open(sys.argv[1], encoding='ascii').read().splitlines()
escaped = (line.replace('\\', '\\\\').replace('"', '\\"').replace('\t', '\\t') for line in lines)
with open(sys.argv[2], 'w', encoding='ascii') as out:
    out.write('#include "firewall/firewall.h"\n\nconst char firewall_base_text[] =\n')
    out.write('\n'.join('        "%s\\n"' % line for line in escaped) + ';\n')
