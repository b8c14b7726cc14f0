/*
 * What a file may cost: memory of at most twice what it holds when it is decoded, and 1 MiB (and 128 bytes for each
 * different word of reviews, which have an index); processor time of at most
 * 10 ms for each MB of it until it is refused. Files of some MB, right ones and hostile ones. Memory is what the three
 * libraries allocate themselves; zlib and libarchive take some ten KB more inside.
 */
#include "forged.h"
#include "npz.h"
#include "peak.h"
#include "tar.h"
#include "temp.h"
#include "zip.h"

#include <kvist/data.h>
#include <kvist/nn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { MIB = 1 << 20 };

/* What a file holds: its name in messages, its path, and the bytes that count. */
typedef struct sample {
    const char *name, *path;
    size_t decoded;
} sample;

enum { TRIES = 100, PAUSE_MS = 30 };
static clock_t began;
static double least_ms; // of the tries so far
static int tries;

static void begin(void)
{
    peak_begin();
    began = clock();
}

static double most_ms(const sample *s)
{
    return 1 + 10 * (double)s->decoded / 1e6;
}

/* Ends the clock; true if the file is to be loaded again, after a pause: beside other work, also of another virtual
 * machine on the same core, a load is dear for a while, and the least of many is what it costs itself. */
static bool again(const sample *s, bool refused)
{
    const double ms = 1e3 * (double)(clock() - began) / CLOCKS_PER_SEC;
    least_ms = tries == 0 || ms < least_ms ? ms : least_ms;
    tries++;
    const bool more = refused && least_ms > most_ms(s) && tries < TRIES;
    if (more) nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
    return more;
}

/* Something refused must hold nothing any more. */
static void end_beside(const sample *s, size_t beside, bool refused)
{
    const size_t peak = peak_bytes(), most = beside + 2 * s->decoded + MIB;
    print_message("%-34s %6.1f MB, peak %6.2f MB, %7.2f ms\n", s->name, (double)s->decoded / 1e6, (double)peak / 1e6,
                  least_ms);
    tries = 0;
    if (peak > most) fail_msg("%s: expected at most %zu bytes of memory, got %zu", s->name, most, peak);
    if (refused && peak_held() > 0) fail_msg("%s: %zu bytes are still held", s->name, peak_held());
#ifdef TEST_TIMES
    if (refused && least_ms > most_ms(s))
        fail_msg("%s: expected at most %.0f ms, got %.1f", s->name, most_ms(s), least_ms);
#endif
}

static void end(const sample *s, bool refused)
{
    end_beside(s, 0, refused);
}

static unsigned char *some_bytes(size_t size, uint64_t seed)
{
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    data_rng rng = data_rng_make(seed, 0);
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)data_rng_next(&rng);
    return bytes;
}

/* --- IDX ---------------------------------------------------------------------------------------------------------- */

enum { SIDE = 28, IMAGES = 8000, PIXELS = IMAGES * SIDE * SIDE };

static void put_word(unsigned char *at, uint32_t word)
{
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(word >> (24 - 8 * i));
}

/* An IDX file of that many images, with as many bytes as are asked for after its header. */
static const char *write_images(const char *name, uint32_t count, size_t bytes, bool gzip)
{
    unsigned char *file = some_bytes(16 + bytes, 1);
    const uint32_t words[4] = { 0x803, count, SIDE, SIDE };
    for (int i = 0; i < 4; i++) put_word(file + 4 * i, words[i]);
    const char *path =
        gzip ? temp_write_gz(&temp_here, name, file, 16 + bytes) : temp_write(&temp_here, name, file, 16 + bytes);
    free(file);
    return path;
}

static const char *write_labels(const char *name, uint32_t count)
{
    unsigned char *file = calloc(1, 8 + count);
    assert_non_null(file);
    put_word(file, 0x801);
    put_word(file + 4, count);
    const char *path = temp_write(&temp_here, name, file, 8 + count);
    free(file);
    return path;
}

static void load_images(const char *name, const char *path, size_t decoded, const char *fault)
{
    const char *labels = write_labels("labels", IMAGES);
    const sample s = { name, path, decoded };
    data_images images;
    data_error error;
    data_status status;
    do {
        begin();
        status = data_images_load(path, labels, 10, &images, &error);
    } while (again(&s, fault));
    end(&s, fault);
    if (fault) {
        assert_int_equal(status, DATA_ERR_FORMAT);
        if (!strstr(error.text, fault)) fail_msg("%s: expected %s, got %s", name, fault, error.text);
        return;
    }
    if (status != DATA_OK) fail_msg("%s", error.text);
    data_images_free(&images);
}

/* Changes a byte, counted from the end. */
static void damage(const char *path, long from_end)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -from_end, SEEK_END), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, -from_end, SEEK_END), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

static size_t size_of(const char *path)
{
    size_t size;
    free(temp_read(path, &size));
    return size;
}

static void test_idx(void **state)
{
    (void)state;
    load_images("idx", write_images("i", IMAGES, PIXELS, false), PIXELS + 16, NULL);
    load_images("idx, short", write_images("i", IMAGES, PIXELS - 1, false), PIXELS + 15, "payload: expected");
    load_images("idx, long", write_images("i", IMAGES, PIXELS + 1, false), PIXELS + 17, "payload: expected");
    load_images("idx, other count", write_images("i", IMAGES - 1, PIXELS - SIDE * SIDE, false),
                PIXELS - SIDE * SIDE + 16, "count: expected");
    load_images("idx, 800 MB claimed", write_images("i", 1000000, PIXELS, false), PIXELS + 16, "payload: expected");
}

static void test_gzip(void **state)
{
    (void)state;
    load_images("gzip", write_images("i", IMAGES, PIXELS, true), PIXELS + 16, NULL);
    load_images("gzip, short", write_images("i", IMAGES, PIXELS - 1, true), PIXELS + 15, "payload: expected");
    load_images("gzip, long", write_images("i", IMAGES, PIXELS + 1, true), PIXELS + 17, "payload: expected");
    load_images("gzip, 800 MB claimed", write_images("i", 1000000, PIXELS, true), PIXELS + 16, "payload: expected");
    const char *path = write_images("i", IMAGES, PIXELS, true);
    damage(path, 8);
    load_images("gzip, wrong checksum", path, PIXELS + 16, "gzip: expected");
    path = write_images("i", IMAGES, PIXELS, true);
    damage(path, PIXELS / 2);
    load_images("gzip, damaged inside", path, PIXELS + 16, "gzip: expected");
}

/* A bomb of zeros: no more is decoded than its header tells. */
static void test_bomb(void **state)
{
    (void)state;
    const size_t zeros = (size_t)256 * MIB;
    unsigned char *file = calloc(1, zeros + 16);
    assert_non_null(file);
    const uint32_t words[4] = { 0x803, IMAGES, SIDE, SIDE };
    for (int i = 0; i < 4; i++) put_word(file + 4 * i, words[i]);
    const char *path = temp_write_gz(&temp_here, "bomb", file, zeros + 16);
    free(file);
    load_images("gzip bomb of 268 MB", path, PIXELS + 16, "payload: expected");
}

/* --- reviews ------------------------------------------------------------------------------------------------------ */

/* Fills text with words; `kinds` different ones of the given length. */
static void write_words(char *text, size_t size, int length, uint32_t kinds, data_rng *rng)
{
    memset(text, ' ', size);
    for (size_t at = 0; at + (size_t)length < size; at += (size_t)length + 1) {
        uint32_t number = data_rng_below(rng, kinds);
        for (int i = 0; i < length; i++, number /= 26) text[at + (size_t)i] = (char)('a' + number % 26);
    }
}

enum { REVIEWS = 4096, REVIEW = 1300 };

static tar make_set(int reviews, size_t review, int length, uint32_t kinds)
{
    static const char *const folders[] = { "train/neg", "train/pos", "test/neg", "test/pos" };
    tar t = { 0 };
    char path[64], *text = malloc(review);
    assert_non_null(text);
    data_rng rng = data_rng_make(2, 0);
    for (int i = 0; i < reviews; i++) {
        snprintf(path, sizeof path, "%s/%d_1.txt", folders[i % 4], i);
        write_words(text, review, length, kinds, &rng);
        tar_entry(&t, path, '0', text, review, review);
    }
    free(text);
    return t;
}

/* Bytes of the padded rows, where they are asked for. */
static size_t rows_size(const data_imdb *imdb)
{
    if (!imdb->train.tokens) return 0;
    const size_t rows = (size_t)imdb->train.count + (size_t)imdb->test.count;
    return rows * (size_t)imdb->train.length * sizeof *imdb->train.tokens;
}

/* What a set of that many bytes holds: its text, or an index for each word of `length` letters, whichever is more. */
static size_t decoded_size(size_t content, int length)
{
    const size_t indices = content / (size_t)(length + 1) * sizeof(int32_t);
    return indices > content ? indices : content;
}

enum { WORD_COST = 128 };

static void load_reviews(const char *name, const char *path, size_t content, size_t words, const data_imdb_def *def,
                         const char *fault)
{
    const sample s = { name, path, content };
    data_imdb imdb;
    data_error error;
    data_status status;
    do {
        begin();
        status = data_imdb_load(path, def, &imdb, &error);
    } while (again(&s, fault));
    end_beside(&s, status == DATA_OK ? rows_size(&imdb) + words * WORD_COST : words * WORD_COST, fault);
    if (fault) {
        assert_int_equal(status, DATA_ERR_FORMAT);
        if (!strstr(error.text, fault)) fail_msg("%s: expected %s, got %s", name, fault, error.text);
        return;
    }
    if (status != DATA_OK) fail_msg("%s", error.text);
    data_imdb_free(&imdb);
}

static void load_set(const char *name, int reviews, size_t review, int length, uint32_t kinds)
{
    static const data_imdb_def both = { 0 }, rows = { .no_lists = true }, lists = { .no_tokens = true };
    char label[64];
    tar t = make_set(reviews, review, length, kinds);
    tar_end(&t);
    const char *path = temp_write_gz(&temp_here, "set.tar.gz", t.bytes, t.size);
    const size_t content = decoded_size(t.size, length);
    tar_free(&t);
    const size_t all = (size_t)reviews * review / (size_t)(length + 1), words = kinds < all ? kinds : all;
    snprintf(label, sizeof label, "tar, %s", name);
    load_reviews(label, path, content, words, &both, NULL);
    load_reviews(label, path, content, words, &rows, NULL);
    load_reviews(label, path, content, words, &lists, NULL);
    const char *cache = temp_path(&temp_here, "cache");
    unlink(cache);
    for (int i = 0; i < 2; i++) {
        snprintf(label, sizeof label, "cache %s, %s", i ? "read" : "written", name);
        load_reviews(label, path, content, words, &(data_imdb_def){ .cache = cache }, NULL);
    }
    load_reviews(label, path, content, words, &(data_imdb_def){ .cache = cache, .no_tokens = true }, NULL);
}

static void test_reviews(void **state)
{
    (void)state;
    load_set("common words", REVIEWS, REVIEW, 5, 10000);
    load_set("one-letter words", REVIEWS, REVIEW, 1, 26);
    load_set("rare words", REVIEWS, REVIEW, 8, UINT32_MAX);
    load_set("short reviews", 8192, 100, 5, 10000);
    load_set("long reviews", 8, 700000, 5, 10000);
}

/* --- tar ---------------------------------------------------------------------------------------------------------- */

static void refuse_archive(const char *name, tar *t, int length, bool gzip, const char *fault)
{
    const char *path = gzip ? temp_write_gz(&temp_here, "bad.tar.gz", t->bytes, t->size)
                            : temp_write(&temp_here, "bad.tar", t->bytes, t->size);
    const size_t content = decoded_size(t->size, length);
    tar_free(t);
    load_reviews(name, path, content, 0, NULL, fault);
}

static void test_tar(void **state)
{
    (void)state;
    tar t = make_set(REVIEWS, REVIEW, 5, 10000);
    refuse_archive("tar without its end", &t, 5, true, "tar: expected");
    t = make_set(REVIEWS, REVIEW, 5, 10000);
    t.size -= 700;
    refuse_archive("tar, cut", &t, 5, true, "tar: expected");
    t = make_set(REVIEWS, REVIEW, 5, 10000);
    tar_file(&t, "../../etc/passwd", "x");
    tar_end(&t);
    refuse_archive("tar, climbing path", &t, 5, true, "path: expected");
    t = make_set(REVIEWS, REVIEW, 1, 26);
    tar_file(&t, "train/neg/0_1.txt", "again");
    tar_end(&t);
    refuse_archive("tar, a name twice", &t, 1, false, "expected once, got twice");
    t = make_set(16384, 1, 1, 26);
    tar_file(&t, "train/neg/0_1.txt", "again");
    tar_end(&t);
    refuse_archive("tar, empty reviews", &t, 5, true, "expected once, got twice");
    t = (tar){ 0 };
    for (int i = 0; i < 16384; i++) tar_entry(&t, "aclImdb/", '5', NULL, 0, 0);
    tar_end(&t);
    refuse_archive("tar of folders", &t, 5, true, "expected reviews, got none");
}

/* --- npz ---------------------------------------------------------------------------------------------------------- */

/* Adds reviews of so many words below `kinds`. */
static void put_rows(npz_bytes *b, int reviews, int words, uint32_t kinds)
{
    data_rng rng = data_rng_make(3, 0);
    for (int i = 0; i < reviews; i++) {
        npz_put(b, "](", 2);
        for (int k = 0; k < words; k++) {
            const uint32_t word = 1 + data_rng_below(&rng, kinds);
            const unsigned char bytes[3] = { 'M', (unsigned char)word, (unsigned char)(word >> 8) };
            npz_put(b, bytes, 3);
        }
        npz_put(b, "e", 1);
    }
}

/* An archive whose training reviews are these rows, told as `more` bytes more than they are. */
static const char *write_npz(const npz_bytes *rows, int reviews, int method, int64_t more)
{
    npz_bytes x = { 0 }, y = { 0 }, test = { 0 }, test_y = { 0 };
    zip z = { 0 };
    npz_lists(&x, reviews, rows->bytes, rows->size);
    npz_labels(&y, reviews);
    npz_lists(&test, 1, "]", 1);
    npz_labels(&test_y, 1);
    zip_add(&z, &(zip_member){ .name = "x_test.npy", .content = test.bytes, .size = test.size, .method = 8 });
    zip_add(&z, &(zip_member){ .name = "y_test.npy", .content = test_y.bytes, .size = test_y.size });
    zip_add(&z, &(zip_member){ .name = "y_train.npy", .content = y.bytes, .size = y.size, .method = 8 });
    zip_add(&z, &(zip_member){
                    .name = "x_train.npy", .content = x.bytes, .size = x.size, .method = method, .more_size = more });
    zip_end(&z);
    const char *path = temp_write(&temp_here, "imdb.npz", z.bytes, z.size);
    zip_free(&z);
    npz_free(&x);
    npz_free(&y);
    npz_free(&test);
    npz_free(&test_y);
    return path;
}

/* Decoded, a review is its start and words, an offset and a label. */
static void load_npz(const char *name, int reviews, int words, int method)
{
    static const data_imdb_def both = { 0 }, rows = { .no_lists = true }, lists = { .no_tokens = true };
    npz_bytes b = { 0 };
    put_rows(&b, reviews, words, 60000);
    const char *path = write_npz(&b, reviews, method, 0);
    const size_t content = (size_t)reviews * ((size_t)(words + 1) * sizeof(int32_t) + sizeof(int64_t) + sizeof(float));
    npz_free(&b);
    load_reviews(name, path, content, 0, &both, NULL);
    load_reviews(name, path, content, 0, &rows, NULL);
    load_reviews(name, path, content, 0, &lists, NULL);
}

/* Rows that are right up to `more`. */
static void refuse_npz(const char *name, int words, const void *more, size_t size, const char *fault)
{
    npz_bytes b = { 0 };
    put_rows(&b, 4096, words, 60000);
    npz_put(&b, more, size);
    const char *path = write_npz(&b, 4097, 8, 0);
    const size_t indices = (size_t)4096 * (size_t)words * sizeof(int32_t),
                 content = indices > b.size ? indices : b.size;
    npz_free(&b);
    load_reviews(name, path, content, 0, NULL, fault);
}

static void test_npz(void **state)
{
    (void)state;
    load_npz("npz, stored", 4096, 300, 0);
    load_npz("npz, deflated", 4096, 300, 8);
    load_npz("npz, short reviews", 200000, 1, 8);
    load_npz("npz, empty reviews", 200000, 0, 8);
    load_npz("npz, long reviews", 3, 400000, 8);
    refuse_npz("npz, an opcode at the end", 300, "i", 1, "got opcode 0x69");
    refuse_npz("npz, a row is missing", 300, "", 0, "rows: expected 4097 lists, got 4096");
    refuse_npz("npz, word 0", 300, "](K\0e", 5, "expected a word from 1");
    refuse_npz("npz, too many rows", 300, "]]", 2, "rows: expected 4097 lists, got more");
    refuse_npz("npz, no words", 0, "i", 1, "got opcode 0x69");
}

/* Half a megabyte that goes on for 256 MB: read up to the cap on words. */
static void test_npz_bomb(void **state)
{
    (void)state;
    const size_t words = (size_t)1 << 27;
    npz_bytes b = { .bytes = malloc(2 * words + 2), .room = 2 * words + 2 };
    assert_non_null(b.bytes);
    npz_put(&b, "](", 2);
    for (size_t i = 0; i < words; i++) memcpy(b.bytes + 2 + 2 * i, "K\1", 2);
    b.size += 2 * words;
    const char *path = write_npz(&b, 1, 8, 0);
    load_reviews("npz bomb of 268 MB", path, words, 0, NULL, "lists: expected at most 67108864 words, got more");
    // One that is told as a kilobyte is not read beyond it.
    path = write_npz(&b, 1, 8, 1024 - (int64_t)(b.size + npz_rows_at()));
    npz_free(&b);
    load_reviews("npz bomb of 268 MB told as 1 KB", path, size_of(path), 0, NULL,
                 "zip: expected the end of the member, got more");
}

static void test_word_index(void **state)
{
    (void)state;
    enum { WORDS = 88584 };
    npz_bytes b = { 0 }, index = { 0 };
    char entry[32];
    npz_put(&index, "{", 1);
    for (int i = WORDS; i > 0; i--) {
        npz_put(&index, entry, (size_t)sprintf(entry, "\"word%05x\": %d%s", i, i, i > 1 ? ", " : "}"));
    }
    put_rows(&b, 4096, 300, 60000);
    const char *path = write_npz(&b, 4096, 8, 0);
    const data_imdb_def def = { .word_index = temp_write(&temp_here, "words.json", index.bytes, index.size) };
    const size_t content = (size_t)4096 * 300 * sizeof(int32_t);
    load_reviews("npz, word index", path, content, WORDS, &def, NULL);
    // Of the index alone: what it holds is its text.
    temp_write(&temp_here, "words.json", index.bytes, index.size - 1);
    load_reviews("word index, cut", path, index.size, 0, &def, "expected ',' or '}', got the end");
    npz_free(&b);
    npz_free(&index);
}

/* --- safetensors -------------------------------------------------------------------------------------------------- */

static const char *write_tensors(const char *header, size_t length, size_t data)
{
    unsigned char *file = calloc(1, 8 + length + data);
    assert_non_null(file);
    for (int i = 0; i < 8; i++) file[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(file + 8, header, length);
    const char *path = temp_write(&temp_here, "t.safetensors", file, 8 + length + data);
    free(file);
    return path;
}

static nn_model *make_model(int units)
{
    const nn_layer_def layers[] = { { .type = NN_DENSE, .dense = { .units = units } } };
    return nn_model_create(&(nn_model_def){ .input = NN_SHAPE(1024), .max_batch = 1, NN_LAYERS(layers) }, NULL);
}

static void import_file(const char *name, nn_model *model, const char *path, nn_status expected, const char *fault)
{
    const sample s = { name, path, size_of(path) };
    nn_error error;
    nn_status status;
    do {
        begin();
        status = nn_model_import(model, path, &error);
    } while (again(&s, true));
    end(&s, true);
    if (status != expected || !strstr(error.text, fault))
        fail_msg("%s: expected %d, %s, got %d, %s", name, (int)expected, fault, (int)status, error.text);
}

/* A header of `count` entries made by a format that may hold the entry's number twice. */
static char *make_header(const char *first, const char *format, int count, const char *last, size_t *length)
{
    const size_t room = strlen(first) + strlen(last) + (size_t)count * (strlen(format) + 24);
    char *header = malloc(room);
    assert_non_null(header);
    size_t used = (size_t)snprintf(header, room, "%s", first);
    for (int i = 0; i < count; i++) used += (size_t)snprintf(header + used, room - used, format, i, i);
    used += (size_t)snprintf(header + used, room - used, "%s", last);
    *length = used;
    return header;
}

static void refuse_header(const char *name, const char *first, const char *format, int count, const char *last,
                          nn_status expected, const char *fault)
{
    nn_model *model = make_model(1);
    size_t length;
    char *header = make_header(first, format, count, last, &length);
    const char *path = write_tensors(header, length, 0);
    free(header);
    import_file(name, model, path, expected, fault);
    nn_model_destroy(model);
}

static nn_status load_into(nn_model *model, const char *name, const char *path, bool refused, nn_error *error)
{
    const sample s = { name, path, size_of(path) };
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, "model", model);
    nn_status status;
    do {
        begin();
        status = nn_archive_load(archive, path, error);
    } while (again(&s, refused));
    end(&s, refused);
    nn_archive_destroy(archive);
    return status;
}

/* A new model counts beside the file: as much as nn_model_memory() tells. */
static nn_status load_new(const char *name, const char *path, bool refused, nn_error *error)
{
    const sample s = { name, path, size_of(path) };
    nn_model *model;
    do {
        begin();
        model = nn_model_load(path, NULL, &(nn_model_def){ .threads = 1 }, error);
    } while (again(&s, refused));
    end_beside(&s, model ? nn_model_memory(model) : 0, refused);
    nn_model_destroy(model);
    return error->status;
}

static void test_safetensors(void **state)
{
    (void)state;
    nn_model *model = make_model(2048);
    const char *path = temp_path(&temp_here, "model.safetensors");
    nn_error error;
    assert_int_equal(nn_model_save(model, path, &error), NN_OK);
    assert_int_equal(load_into(model, "safetensors", path, false, &error), NN_OK);
    assert_int_equal(load_new("safetensors, a new model", path, false, &error), NN_OK);

    path = forge_text(&temp_here, path, "\\\"units\\\":2048", "\\\"units\\\":9999");
    assert_int_equal(load_new("safetensors, 41 MB claimed", path, true, &error), NN_ERR_MISMATCH);
    if (!strstr(error.text, "weights: expected at most")) fail_msg("%s", error.text);

    damage(path, 1);
    assert_int_equal(load_into(model, "safetensors, wrong seal", path, true, &error), NN_ERR_FORMAT);
    if (!strstr(error.text, "seal: expected")) fail_msg("%s", error.text);
    nn_model_destroy(model);
}

static void test_headers(void **state)
{
    (void)state;
    enum { MANY = 80000, MOST = 8191 };
    const char *tiny = "\"%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},";
    refuse_header("header of many tensors", "{", tiny, MANY,
                  "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT,
                  "at most 8192 tensors");
    refuse_header("header of the most tensors", "{", tiny, MOST,
                  "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_MISMATCH, "8192 extra");
    refuse_header("header of one name", "{", "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},", MOST,
                  "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "duplicate");
    refuse_header("header of shape", "{\"a\":{\"dtype\":\"U8\",\"shape\":[", "1,", 2000000,
                  "1],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "at most 8");
    refuse_header("header of brackets", "{\"a\":", "[", 4000000, "}", NN_ERR_FORMAT, "");
    refuse_header("header of a long name", "{\"", "aaaaaaaaaa", 400000,
                  "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "at most 255");
    refuse_header("header of escapes", "{\"", "\\u0041", 600000,
                  "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "at most 255");
    refuse_header("header of metadata", "{\"__metadata__\":{", "\"%d\":\"\",", 400000, "\"x\":\"\"}}", NN_ERR_FORMAT,
                  "at most 1024");
    refuse_header("header of a number", "{\"a\":{\"dtype\":\"U8\",\"shape\":[", "9999999999", 400000,
                  "],\"data_offsets\":[0,0]}}", NN_ERR_FORMAT, "");
    refuse_header("header of spaces", "{", "          ", 400000, "]", NN_ERR_FORMAT, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idx),      cmocka_unit_test(test_gzip),       cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_reviews),  cmocka_unit_test(test_tar),        cmocka_unit_test(test_npz),
        cmocka_unit_test(test_npz_bomb), cmocka_unit_test(test_word_index), cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
