/* What an image became: counted, and freed of what no image may bring. */
#ifndef ZEUS_IMAGE_TREE_H
#define ZEUS_IMAGE_TREE_H
#include <stdbool.h>
#include <stdint.h>

struct image_bounds { uint64_t bytes, entries; uint32_t depth; };

/* What an archive of so many bytes may become. */
struct image_bounds image_bounds_of(uint64_t archive_bytes);
/* Look at all below dir, which may be changing. 0; -E2BIG: beyond a bound; -EBADMSG: a device (whiteouts included). mend: set-id bits
 * and file capabilities are taken away, and the working directory is another one afterwards. Stops at the first
 * that is wrong. No link is followed, no mount entered. */
int image_tree_check(int dir, const struct image_bounds *most, bool mend);
#endif
