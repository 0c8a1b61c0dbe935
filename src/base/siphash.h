/* SipHash-2-4 (Aumasson, Bernstein 2012), which systemd uses for interface names and hardware addresses. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t siphash24(const void *data, size_t size, const uint8_t key[16]);
