/*
 * The layers of a model's architecture, which stands in the header of its file as text within text: other layers take
 * the place of those that are there, or follow them, with all their options, so that what comes out is mostly legal.
 */
#include "mutators.h"

#include <stdio.h>
#include <string.h>

enum { MOST_LAYERS = 16, LONGEST = 512 };

/* What a kind of layer is written with, in the order in which it is read; ' stands for \". */
#define CONV  "'filters':2,'kernel':[2,2],'stride':[1,1],'padding':'same','activation':'relu','no_bias':false," INITS
#define INITS "'kernel_init':'default','bias_init':'default'"
#define POOL  "'size':[2,2],'stride':[2,2],'padding':'valid'"
#define RNN                                                                                                            \
    "'units':2,'activation':'tanh','recurrent_activation':'sigmoid','return_sequences':true,'go_backwards':false,"     \
    "'no_bias':false,'no_unit_forget_bias':false,'reset_before':false,'kernel_init':'default',"                        \
    "'recurrent_init':'default','bias_init':'default'"
static const struct {
    const char *type, *options;
} kinds[] = {
    { "dense", "'units':2,'activation':'relu','no_bias':false," INITS },
    { "embedding", "'vocab':4,'dim':2,'init':'default'" },
    { "multi_hot", "'vocab':4" },
    { "simple_rnn", RNN },
    { "lstm", RNN },
    { "gru", RNN },
    { "conv2d", CONV },
    { "conv2d_transpose", CONV },
    { "max_pool2d", POOL },
    { "average_pool2d", POOL },
    { "global_max_pool2d", "" },
    { "global_average_pool2d", "" },
    { "batch_norm", "'momentum':'0x1.0000000000000p-1','epsilon':'0x1.0000000000000p-9','no_scale':false,"
                    "'no_center':false,'biased_moving_variance':false" },
    { "leaky_relu", "'slope':'0x1.0000000000000p-2'" },
    { "activation", "'activation':'softmax'" },
    { "dropout", "'rate':'0x1.0000000000000p-2'" },
    { "flatten", "" },
    { "reshape", "'shape':[2,-1]" },
    { "reverse", "" },
    { "add", "" }, /* from here on those that take several outputs */
    { "concat", "" },
    { "dueling", "" },
};
enum { KINDS = sizeof kinds / sizeof kinds[0], MERGES = 3 };

typedef struct layers {
    const uint8_t *header;
    size_t begin[MOST_LAYERS], end[MOST_LAYERS];
    int count;
    unsigned seed;
} layers;

static int draw(layers *l, int bound)
{
    l->seed = l->seed * 1664525u + 1013904223u;
    return (int)((l->seed >> 8) % (unsigned)bound);
}

static void find_layers(layers *l, size_t size)
{
    static const char start[] = "{\\\"type\\\":";
    for (size_t at = 0; at + sizeof start < size && l->count < MOST_LAYERS; at++) {
        if (memcmp(l->header + at, start, sizeof start - 1) != 0) continue;
        const uint8_t *end = memchr(l->header + at, '}', size - at);
        if (!end) return;
        l->begin[l->count] = at;
        l->end[l->count++] = (size_t)(end + 1 - l->header);
    }
}

/* The outputs that layer `index` takes: that before it, a merge also another, and at times what is not there. */
static void write_from(layers *l, int index, bool merges, char text[32])
{
    const int last = index == 0 ? -1 : index, other = draw(l, index + 1);
    if (draw(l, 16) == 0)
        snprintf(text, 32, "%d", draw(l, 4) - 2 + index);
    else if (!merges)
        snprintf(text, 32, "%d", last);
    else
        snprintf(text, 32, "%d,%d", other == 0 ? -1 : other, last);
}

static size_t write_layer(layers *l, int index, char text[LONGEST])
{
    char from[32], plain[LONGEST];
    size_t size = 0;
    const bool merges = draw(l, 3) == 0;
    const int kind = merges ? KINDS - 1 - draw(l, MERGES) : draw(l, KINDS - MERGES);
    write_from(l, index, merges, from);
    snprintf(plain, sizeof plain, "{'type':'%s','name':'m%d','from':[%s]%s%s}", kinds[kind].type, index, from,
             kinds[kind].options[0] ? "," : "", kinds[kind].options);
    for (const char *c = plain; *c && size + 2 < LONGEST; c++) {
        if (*c == '\'') text[size++] = '\\';
        text[size++] = *c == '\'' ? '"' : *c;
    }
    return size;
}

layers_change mutate_layers(const uint8_t *header, size_t size, unsigned seed, char text[MUTATED_LAYER])
{
    _Static_assert(LONGEST < MUTATED_LAYER, "a comma and a layer");
    layers l = { .header = header, .seed = seed };
    find_layers(&l, size);
    if (l.count == 0) return (layers_change){ 0 };
    const int what = draw(&l, 8), last = l.count - 1;
    if (what == 0 && last > 0) return (layers_change){ l.end[last - 1], l.end[last] - l.end[last - 1], 0 };
    if (what < 4) {
        text[0] = ',';
        return (layers_change){ l.end[last], 0, 1 + write_layer(&l, l.count, text + 1) };
    }
    const int i = draw(&l, l.count);
    return (layers_change){ l.begin[i], l.end[i] - l.begin[i], write_layer(&l, i, text) };
}
