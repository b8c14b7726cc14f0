/*
 * The transforms of winograd.h along one line of cells, and of whole squares of n = 8 or 6 cells on a side. A line is
 * read and written with a step of vectors; what stands for the points p and -p has one sum of even and one of odd
 * powers.
 */
#ifndef NN_KERNELS_WINOGRAD_LINES_H
#define NN_KERNELS_WINOGRAD_LINES_H

#include "micro.h"
#include "winograd.h"

/* to = even + odd, even - odd */
NN_INLINE void nn_pair(nn_vec *to, size_t step, nn_vec even, nn_vec odd)
{
    to[0] = even + odd;
    to[step] = even - odd;
}

/* B^T: the n cells of the source. `size` is n. */
NN_INLINE void nn_source_line(nn_vec *to, const nn_vec *from, size_t step, const int n, int size)
{
    const nn_vec d0 = from[0], d1 = from[step], d2 = from[2 * step], d3 = from[3 * step], d4 = from[4 * step],
                 d5 = from[5 * step];
    (void)size;
    if (n == 6) {
        to[0] = NN_REAL(4.0) * d0 - NN_REAL(5.0) * d2 + d4;
        nn_pair(to + step, step, d4 - NN_REAL(4.0) * d2, d3 - NN_REAL(4.0) * d1);
        nn_pair(to + 3 * step, step, d4 - d2, NN_REAL(2.0) * (d3 - d1));
        to[5 * step] = NN_REAL(4.0) * d1 - NN_REAL(5.0) * d3 + d5;
        return;
    }
    const nn_vec d6 = from[6 * step], d7 = from[7 * step];
    to[0] = (d6 - d0) + NN_REAL(5.25) * (d2 - d4);
    nn_pair(to + step, step, (d2 + d6) - NN_REAL(4.25) * d4, (d1 + d5) - NN_REAL(4.25) * d3);
    nn_pair(to + 3 * step, step, NN_REAL(0.25) * d2 - NN_REAL(1.25) * d4 + d6,
            NN_REAL(0.5) * d1 - NN_REAL(2.5) * d3 + NN_REAL(2.0) * d5);
    nn_pair(to + 5 * step, step, NN_REAL(4.0) * d2 - NN_REAL(5.0) * d4 + d6,
            NN_REAL(2.0) * d1 - NN_REAL(2.5) * d3 + NN_REAL(0.5) * d5);
    to[7 * step] = (d7 - d1) + NN_REAL(5.25) * (d3 - d5);
}

/* G: 3 or 5 taps of the kernel. */
NN_INLINE void nn_kernel_line(nn_vec *to, const nn_vec *from, size_t step, const int n, int taps)
{
    const nn_vec none = { 0 }, k0 = from[0], k1 = from[step], k2 = from[2 * step];
    const nn_vec k3 = taps == 5 ? from[3 * step] : none, k4 = taps == 5 ? from[4 * step] : none;
    if (n == 6) {
        const nn_float one = NN_REAL(-1.0) / 6, two = NN_REAL(1.0) / 24;
        to[0] = NN_REAL(0.25) * k0;
        nn_pair(to + step, step, one * (k0 + k2), one * k1);
        nn_pair(to + 3 * step, step, two * (k0 + 4 * k2), two * (2 * k1));
        to[5 * step] = k2;
        return;
    }
    const nn_float one = NN_REAL(-2.0) / 9, two = NN_REAL(1.0) / 90, half = NN_REAL(32.0) / 45;
    to[0] = -k0;
    nn_pair(to + step, step, one * (k0 + k2 + k4), one * (k1 + k3));
    nn_pair(to + 3 * step, step, two * (k0 + 4 * k2 + 16 * k4), two * (2 * k1 + 8 * k3));
    nn_pair(to + 5 * step, step, half * (k0 + NN_REAL(0.25) * k2 + NN_REAL(0.0625) * k4),
            half * (NN_REAL(0.5) * k1 + NN_REAL(0.125) * k3));
    to[7 * step] = taps == 5 ? k4 : k2;
}

/* What stands for the points p and -p, added (even) and taken from each other (odd); each pair times its scale. */
NN_INLINE void nn_pairs(nn_vec even[3], nn_vec odd[3], const nn_vec *from, size_t step, int n, const nn_float scale[3])
{
    for (int i = 0; i < n / 2 - 1; i++) {
        const nn_vec *pair = from + (size_t)(1 + 2 * i) * step;
        even[i] = scale[i] * (pair[0] + pair[step]);
        odd[i] = scale[i] * (pair[0] - pair[step]);
    }
}

/*
 * Rows 1 .. size - 1 of A^T and G^T, size = 3 .. 6, for n = 6 up to 4: the powers of the points. What stands for
 * infinity joins the last row.
 */
NN_INLINE void nn_power_rows(nn_vec *to, size_t step, const nn_vec even[3], const nn_vec odd[3], nn_vec last,
                             const int n, int size)
{
    const bool half = n == 8; /* the points 1/2 and -1/2 are there, too */
    to[step] = odd[0] + 2 * odd[1];
    if (half) to[step] += NN_REAL(0.5) * odd[2];
    to[2 * step] = even[0] + 4 * even[1];
    if (half) to[2 * step] += NN_REAL(0.25) * even[2];
    if (size > 3) to[3 * step] = odd[0] + 8 * odd[1];
    if (size > 3 && half) to[3 * step] += NN_REAL(0.125) * odd[2];
    if (size > 4) to[4 * step] = even[0] + 16 * even[1] + NN_REAL(0.0625) * even[2];
    if (size > 5) to[5 * step] = odd[0] + 32 * odd[1] + NN_REAL(0.03125) * odd[2];
    to[(size_t)(size - 1) * step] += last;
}

/* A^T: m = 4 or 6 cells of the result from n products. */
NN_INLINE void nn_result_line(nn_vec *to, const nn_vec *from, size_t step, const int n, int m)
{
    const nn_float ones[3] = { 1, 1, 1 };
    nn_vec even[3], odd[3];
    const nn_vec first = from[0], last = from[(size_t)(n - 1) * step];
    nn_pairs(even, odd, from, step, n, ones);
    to[0] = first + even[0] + even[1];
    if (n == 8) to[0] += even[2];
    nn_power_rows(to, step, even, odd, last, n, m);
}

/* A: the gradient's 8 values from m cells of the result's gradient. */
NN_INLINE void nn_gradient_line(nn_vec *to, const nn_vec *from, size_t step, const int n, int m)
{
    const nn_vec none = { 0 }, y0 = from[0], y1 = from[step], y2 = from[2 * step], y3 = from[3 * step];
    const nn_vec y4 = m == 6 ? from[4 * step] : none, y5 = m == 6 ? from[5 * step] : none;
    (void)n;
    to[0] = y0;
    nn_pair(to + step, step, y0 + y2 + y4, y1 + y3 + y5);
    nn_pair(to + 3 * step, step, y0 + 4 * y2 + 16 * y4, 2 * y1 + 8 * y3 + 32 * y5);
    nn_pair(to + 5 * step, step, y0 + NN_REAL(0.25) * y2 + NN_REAL(0.0625) * y4,
            NN_REAL(0.5) * y1 + NN_REAL(0.125) * y3 + NN_REAL(0.03125) * y5);
    to[7 * step] = m == 6 ? y5 : y3;
}

/* G^T: the gradient of 3 or 5 taps from its 8 values. */
NN_INLINE void nn_taps_line(nn_vec *to, const nn_vec *from, size_t step, const int n, int taps)
{
    const nn_float scale[3] = { NN_REAL(-2.0) / 9, NN_REAL(1.0) / 90, NN_REAL(32.0) / 45 };
    nn_vec even[3], odd[3];
    const nn_vec first = from[0], last = from[7 * step];
    nn_pairs(even, odd, from, step, n, scale);
    to[0] = (even[0] + even[1] + even[2]) - first;
    nn_power_rows(to, step, even, odd, last, n, taps);
}

typedef void nn_line(nn_vec *to, const nn_vec *from, size_t step, int n, int size);

/*
 * A line's transform down all columns, then across all rows of a square that lies in rows of NN_SQUARE vectors: `from`
 * cells on a side become `to`. In place.
 */
NN_INLINE void nn_square(nn_vec *cells, nn_line *line, const int n, const int size, const int from, const int to)
{
    for (int x = 0; x < from; x++) line(cells + x, cells + x, NN_SQUARE, n, size);
    for (int y = 0; y < to; y++) line(cells + y * NN_SQUARE, cells + y * NN_SQUARE, 1, n, size);
}

#endif
