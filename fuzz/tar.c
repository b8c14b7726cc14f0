/* The archive of reviews, plain or gzip. */
#include "fuzz.h"
#include "reviews.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    data_cache_state state;
    (void)fuzz_load_reviews(fuzz_file(0, bytes, size), NULL, &state);
    return 0;
}
