/* For hosts without IPv6. Private to this folder. */
#pragma once

#include <netinet/in.h>
#include <stddef.h>

/* Of the list NAME with n_NAME entries, those stay whose ADDRESS is not of IPv6. */
#define DROP_V6(m, name, address)                                                                                      \
        do {                                                                                                           \
                size_t _kept = 0;                                                                                      \
                for (size_t _i = 0; _i < (m)->n_##name; _i++)                                                          \
                        if ((m)->name[_i].address.family != AF_INET6)                                                  \
                                (m)->name[_kept++] = (m)->name[_i];                                                    \
                (m)->n_##name = _kept;                                                                                 \
        } while (0)
