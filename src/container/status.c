/* status: up, down or gone. */
#include "container/commands.h"
#include "container/find.h"
#include "front/describe.h"

#include "runtime/runtime.h"

#include <errno.h>

int container_command_status(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const char *name = invocation_argument(i, 0);
        struct runtime_status status = {0};
        const struct entry *entry;
        int r;

        r = container_find(name, &inventory, &entry, e);
        if (r == -ENOENT)
                output_line(&i->output, "gone");
        if (r >= 0)
                r = runtime_status(name, &status, e);
        if (r < 0)
                return r;
        if (i->output.json)
                return describe_one(&i->output, entry, true, e);
        output_line(&i->output, "%s", status.state == RUNTIME_RUNNING ? "up" : "down");
        return 0;
}
