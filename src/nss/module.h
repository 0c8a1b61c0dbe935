/* What glibc calls in libnss_nspawn.so.2 (nss(5), "Adding another service to NSS" of the GNU C library manual). */
#pragma once

#include <netdb.h>
#include <nss.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum nss_status _nss_nspawn_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat, char *buffer, size_t size,
                                             int *errnop, int *h_errnop, int32_t *ttlp);
enum nss_status _nss_nspawn_gethostbyname3_r(const char *name, int family, struct hostent *result, char *buffer,
                                             size_t size, int *errnop, int *h_errnop, int32_t *ttlp, char **canonp);
enum nss_status _nss_nspawn_gethostbyname2_r(const char *name, int family, struct hostent *result, char *buffer,
                                             size_t size, int *errnop, int *h_errnop);
enum nss_status _nss_nspawn_gethostbyname_r(const char *name, struct hostent *result, char *buffer, size_t size,
                                            int *errnop, int *h_errnop);
enum nss_status _nss_nspawn_gethostbyaddr2_r(const void *address, socklen_t length, int family, struct hostent *result,
                                             char *buffer, size_t size, int *errnop, int *h_errnop, int32_t *ttlp);
enum nss_status _nss_nspawn_gethostbyaddr_r(const void *address, socklen_t length, int family, struct hostent *result,
                                            char *buffer, size_t size, int *errnop, int *h_errnop);
