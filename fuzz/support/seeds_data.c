/* Inputs of libdata's targets. */
#include "corpus.h"
#include "fuzz.h"
#include "imdb_cache.h"
#include "npz.h"
#include "seeds.h"
#include "tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void write_gzip(const char *target, const char *name, const void *content, size_t size)
{
    z_stream stream = { .next_in = (uint8_t *)(uintptr_t)content, .avail_in = (uInt)size };
    FUZZ_CHECK(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    const uLong room = deflateBound(&stream, (uLong)size);
    uint8_t *packed = malloc(room);
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    FUZZ_CHECK(packed && deflate(&stream, Z_FINISH) == Z_STREAM_END);
    seed_write(target, name, packed, room - stream.avail_out);
    deflateEnd(&stream);
    free(packed);
}

/* --- images ------------------------------------------------------------------------------------------------------- */

static void write_idx(void)
{
    static const uint8_t labels[] = { 0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 9 };
    static const uint8_t images[] = { 0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6 };
    static const uint8_t claims[] = { 0, 0, 8, 3, 0, 0, 0, 3, 255, 255, 255, 255, 255, 255, 255, 255, 1 };
    static uint8_t bomb[16 + 3 * 16 * 256] = { 0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 16, 0, 0, 1, 0 };
    seed_write("idx", "labels", labels, sizeof labels);
    seed_write("idx", "images", images, sizeof images);
    seed_write("idx", "claims", claims, sizeof claims);
    write_gzip("gz", "labels", labels, sizeof labels);
    write_gzip("gz", "images", images, sizeof images);
    write_gzip("gz", "claims", claims, sizeof claims);
    write_gzip("gz", "zeros", bomb, sizeof bomb);
    write_gzip("gz", "more", bomb, sizeof images + 1000);
}

/* --- reviews ------------------------------------------------------------------------------------------------------ */

static void fill_tar(tar *t)
{
    tar_entry(t, "aclImdb/", '5', NULL, 0, 0);
    tar_file(t, "aclImdb/train/neg/0_1.txt", "A bad, bad film.");
    tar_file(t, "aclImdb/train/pos/0_9.txt", "It's good<br />");
    tar_file(t, "aclImdb/test/neg/0_1.txt", "worse \xc3\xa9");
    tar_file(t, "aclImdb/test/pos/0_9.txt", "");
    tar_file(t, "aclImdb/README", "not a review");
}

static void write_tar(void)
{
    tar whole = { 0 }, linked = { 0 };
    fill_tar(&whole);
    fill_tar(&linked);
    tar_end(&whole);
    tar_entry(&linked, "aclImdb/train/neg/1_1.txt", '2', NULL, 0, 0);
    tar_entry(&linked, "../x", '0', "x", 1, 1);
    tar_end(&linked);
    seed_write("tar", "plain", whole.bytes, whole.size);
    write_gzip("tar", "gzip", whole.bytes, whole.size);
    write_gzip("tar", "link", linked.bytes, linked.size);
    tar_free(&whole);
    tar_free(&linked);
}

static void write_cache(void)
{
    static const char *const keys[] = { "train/neg/a.txt", "train/pos/a.txt", "test/neg/a.txt", "test/pos/a.txt" };
    static const char text[] = "some words and some more words";
    data_corpus corpus;
    data_error error;
    uint64_t fingerprint;
    size_t size;
    data_corpus_builder *builder = data_corpus_builder_create(&error);
    FUZZ_CHECK(builder);
    for (size_t i = 0; i < 4; i++)
        FUZZ_CHECK(data_corpus_builder_add(builder, keys[i], text, 10 + 5 * i, &error) == DATA_OK);
    FUZZ_CHECK(data_corpus_builder_finish(builder, "seeds", &corpus, &error) == DATA_OK);
    FUZZ_CHECK(data_cache_fingerprint(fuzz_file(1, NULL, 0), &fingerprint, &error) == DATA_OK);
    FUZZ_CHECK(data_cache_write("cache.new", fingerprint, &corpus, &error) == DATA_OK);
    FILE *file = fopen("cache.new", "rb");
    uint8_t bytes[4096];
    FUZZ_CHECK(file);
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    remove("cache.new");
    seed_write("cache", "four", bytes, size);
    data_corpus_free(&corpus);
    data_corpus_builder_destroy(builder);
}

/* Protocol 4 as numpy 1.24 writes it, with three rows: [], [5], [1, 300, 70000]. */
static const char protocol4[] =
    "\x80\x04\x95\x9f\0\0\0\0\0\0\0\x8c\x15numpy.core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94\x8c\x05numpy\x94"
    "\x8c\x07ndarray\x94\x93\x94K\0\x85\x94"
    "C\x01"
    "b\x94\x87\x94R\x94(K\x01K\x03\x85\x94h\x03\x8c\x05"
    "dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?t"
    "\x94"
    "b\x89]\x94(]\x94]\x94K\x05"
    "a]\x94(K\x01M\x2c\x01J\x70\x11\x01\0eet\x94"
    "b.";

/* As deep as the machine's stack goes. */
static void write_deep(void)
{
    enum { STACK = 32 };
    static const char three = 3, protocol[] = "\x80\4", mark = '(', end[] = "N.";
    npz_bytes marks = { 0 };
    npz_put(&marks, &three, 1);
    npz_header(&marks, "|O", 3);
    npz_put(&marks, protocol, sizeof protocol - 1);
    for (int i = 0; i < STACK; i++) npz_put(&marks, &mark, 1);
    npz_put(&marks, end, sizeof end - 1);
    seed_write("pickle", "deep", marks.bytes, marks.size);
    npz_free(&marks);
}

static void write_npz(void)
{
    static const char rows[] = "]]K\5a]q\20(K\1M,\1Jp\21\1\0e";
    npz_bytes lists = { 0 }, fourth = { 0 }, labels = { 0 };
    const char three = 3;
    npz_put(&lists, &three, 1);
    npz_lists(&lists, 3, rows, sizeof rows - 1);
    npz_put(&fourth, &three, 1);
    npz_header(&fourth, "|O", 3);
    npz_put(&fourth, protocol4, sizeof protocol4 - 1);
    npz_labels(&labels, 3);
    write_deep();
    seed_write("pickle", "protocol2", lists.bytes, lists.size);
    seed_write("pickle", "protocol4", fourth.bytes, fourth.size);
    for (int method = 0; method <= 8; method += 8) {
        zip z = { 0 };
        zip_add(&z, &(zip_member){ "x_train.npy", lists.bytes + 1, lists.size - 1, .method = method });
        zip_add(&z, &(zip_member){ "y_train.npy", labels.bytes, labels.size, .method = method, .zip64 = true });
        zip_add(&z, &(zip_member){ "x_test.npy", fourth.bytes + 1, fourth.size - 1, .method = method });
        zip_add(&z, &(zip_member){ "y_test.npy", labels.bytes, labels.size, .method = method });
        zip_end(&z);
        seed_write("npz", method ? "deflated" : "stored", z.bytes, z.size);
        zip_free(&z);
    }
    npz_free(&lists);
    npz_free(&fourth);
    npz_free(&labels);
}

/* --- replay memories ---------------------------------------------------------------------------------------------- */

static void write_replay(const char *name, double exponent, int count)
{
    data_error error;
    size_t size;
    data_replay *replay = data_replay_create(
        &(data_replay_def){ .capacity = 8, .observation = 2, .priority_exponent = exponent }, &error);
    FUZZ_CHECK(replay);
    for (int i = 0; i < count; i++) {
        const float observation[2] = { (float)i, 1.0f };
        data_replay_push(replay, &(data_transition){ .observation = observation, .next = observation, .action = i });
    }
    const void *state = data_replay_state(replay, &size);
    uint8_t *bytes = malloc(size + 1);
    FUZZ_CHECK(bytes);
    bytes[0] = exponent > 0.0;
    memcpy(bytes + 1, state, size);
    seed_write("replay", name, bytes, size + 1);
    free(bytes);
    data_replay_destroy(replay);
}

void seeds_of_data(void)
{
    write_idx();
    write_tar();
    write_cache();
    write_npz();
    write_replay("uniform", 0.0, 3);
    write_replay("full", 0.0, 11);
    write_replay("priorities", 0.6, 5);
    write_replay("priorities_full", 0.6, 9);
}
