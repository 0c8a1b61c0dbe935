#include "front/own-address.h"

#include "apply/engine.h"

#include <sys/socket.h>

int own_address_find(const struct container *c, bool of_containers, bool needed, const char **ret_key,
                     char link[IF_NAMESIZE], struct error *e) {
        const struct {
                const char *key;
                const struct prefix *address;
        } own[] = {{"LOCAL_ADDRESS", &c->end.local_v4}, {"LOCAL_ADDRESS6", &c->end.local_v6}};
        _cleanup_(engine_freep) struct engine *engine = NULL;
        struct prefix one;
        int r = engine_new(&engine, needed ? e : NULL);

        for (size_t i = 0; i < ELEMENTS_OF(own) && r == 0; i++) {
                if (own[i].address->address.family == AF_UNSPEC)
                        continue;
                *ret_key = own[i].key;
                one = prefix_of_address(&own[i].address->address);
                r = engine_find_range(engine, &one, of_containers, NULL, link, needed ? e : NULL);
        }
        return r < 0 && !needed ? 0 : r;
}
