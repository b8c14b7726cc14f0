/* The pickle in imdb.npz, behind the archive's checksum: a byte that says how many reviews, then x_train.npy. */
#include "fuzz.h"
#include "npz.h"
#include "reviews.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char one[] = "]K\1a";
    data_cache_state state;
    npz_bytes labels = { 0 }, lists = { 0 }, label = { 0 };
    zip archive = { 0 };
    if (size == 0) return 0;
    npz_labels(&labels, bytes[0]);
    npz_lists(&lists, 1, one, sizeof one - 1);
    npz_labels(&label, 1);
    zip_add(&archive, &(zip_member){ .name = "x_train.npy", .content = bytes + 1, .size = size - 1 });
    zip_add(&archive, &(zip_member){ .name = "y_train.npy", .content = labels.bytes, .size = labels.size });
    zip_add(&archive, &(zip_member){ .name = "x_test.npy", .content = lists.bytes, .size = lists.size });
    zip_add(&archive, &(zip_member){ .name = "y_test.npy", .content = label.bytes, .size = label.size });
    zip_end(&archive);
    (void)fuzz_load_reviews(fuzz_file(0, archive.bytes, archive.size), NULL, &state);
    zip_free(&archive);
    npz_free(&label);
    npz_free(&lists);
    npz_free(&labels);
    return 0;
}
