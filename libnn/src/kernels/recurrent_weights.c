/* Keras' weights of recurrent layers into panels, and the gradients of panels back. */
#include "cell.h"

/* Where the parts' rows and columns stand in Keras' arrays: row `line` of a part's kernel, its bias for line == depth.
 */
static nn_float *keras_row(const nn_rnn *rnn, const nn_rnn_part *part, nn_rnn_weights weights, size_t line)
{
    const size_t columns = rnn->gates * rnn->units;
    const bool input = part == &rnn->part[NN_RNN_INPUT];
    nn_float *row = (input ? weights.kernel : weights.recurrent) + line * columns;
    if (line == part->depth) row = part->bias ? weights.bias + (input ? 0 : columns) : NULL;
    return row ? row + part->first_gate * rnn->units : NULL;
}

/* The panel and the column in it of a gate's unit. */
typedef struct place {
    size_t panel, column, width;
} place;

static place packed_place(const nn_rnn_part *part, size_t gate, size_t unit)
{
    const size_t block = unit / NN_LANES, column = (block * part->gates + gate) * NN_LANES + unit % NN_LANES;
    const size_t panel = column / part->panel;
    return (place){ panel, column % part->panel, nn_rnn_width(part, panel) };
}

static void pack_line(const nn_rnn *rnn, const nn_rnn_part *part, nn_float *packed, nn_rnn_weights weights, size_t line)
{
    const nn_float *row = keras_row(rnn, part, weights, line);
    if (!row) return;
    const size_t most = NN_MICRO_VECTORS * NN_LANES, q = line / most;
    for (size_t gate = 0; gate < part->gates; gate++) {
        for (size_t unit = 0; unit < rnn->units; unit++) {
            const nn_float value = row[gate * rnn->units + unit];
            const place at = packed_place(part, gate, unit);
            const size_t column = at.panel * part->panel + at.column;
            if (line == part->depth) {
                packed[part->packed_bias + column] = value;
            } else {
                packed[part->forward + at.panel * part->panel * part->depth + line * at.width + at.column] = value;
                packed[part->transposed + q * most * part->columns + column * nn_rnn_transposed_width(part, q) +
                       line % most] = value;
            }
        }
    }
}

/* The part that a line belongs to. */
static const nn_rnn_part *part_of(const nn_rnn *rnn, size_t line)
{
    const nn_rnn_part *part = rnn->part;
    while (line >= part->lines + part->depth + 1) part++;
    return part;
}

void NN_KERNEL(rnn_pack)(const nn_rnn *rnn, nn_float *packed, nn_rnn_weights weights, size_t first, size_t last)
{
    for (size_t line = first; line < last; line++) {
        const nn_rnn_part *part = part_of(rnn, line);
        pack_line(rnn, part, packed, weights, line - part->lines);
    }
}

void NN_KERNEL(rnn_add_gradients)(const nn_rnn *rnn, nn_rnn_weights gradients, const nn_float *partial, size_t count,
                                  size_t first, size_t last)
{
    for (size_t line = first; line < last; line++) {
        const nn_rnn_part *part = part_of(rnn, line);
        const size_t i = line - part->lines;
        nn_float *row = keras_row(rnn, part, gradients, i);
        if (!row) continue;
        for (size_t gate = 0; gate < part->gates; gate++) {
            for (size_t unit = 0; unit < rnn->units; unit += NN_LANES) {
                const place at = packed_place(part, gate, unit);
                const nn_float *from =
                    partial + part->gradient + at.panel * part->panel * (part->depth + 1) + i * at.width + at.column;
                nn_float *to = row + gate * rnn->units + unit;
                nn_vec sum = nn_load(from);
                for (size_t k = 1; k < count; k++) sum += nn_load(from + k * rnn->gradient);
                nn_store_part(to, nn_load_part(to, rnn->units - unit) + sum, rnn->units - unit);
            }
        }
    }
}
