/* imdb.npz as a whole: the zip archive and all in it. */
#include "fuzz.h"
#include "reviews.h"

#include <string.h>

/* What does not begin as a zip does is an archive of another kind: the target tar. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    data_cache_state state;
    if (size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) (void)fuzz_load_reviews(fuzz_file(0, bytes, size), NULL, &state);
    return 0;
}
