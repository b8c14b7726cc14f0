// oneDNN 2 on the workloads of docs/performance.md, in the lines of kvist_bench. Every layer has the layouts that
// oneDNN likes best (format_tag::any), and reordering to them is not counted: what a program around it could reach at
// most. W4, W5: the recurrent layer alone. W6: convolutions, Dense layers and the batch norms of images, as often as a
// step of the DCGAN runs them; activations, dropout and Adam are not in it.
//
// usage: onednn_peer [--threads N] [--only NAME] [--seconds S]
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <omp.h>
#include <string>
#include <sys/resource.h>
#include <unordered_map>
#include <vector>
#include <xmmintrin.h>

using dims = dnnl::memory::dims;
using tag = dnnl::memory::format_tag;
using descriptor = dnnl::memory::desc;
static const auto F32 = dnnl::memory::data_type::f32;

static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
static dnnl::stream stream(cpu);

static descriptor any(dims shape)
{
    return descriptor(shape, F32, tag::any);
}

// Memory of small random values.
static dnnl::memory fill(const descriptor &d)
{
    dnnl::memory m(d, cpu);
    float *values = static_cast<float *>(m.get_data_handle());
    for (size_t i = 0; i < d.get_size() / sizeof(float); i++)
        values[i] = 0.01f * (float(rand()) / float(RAND_MAX) - 0.5f);
    return m;
}

// A primitive with its memory.
struct call {
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> memory;
    void operator()() const
    {
        primitive.execute(stream, memory);
    }
};

// The three passes of a layer.
struct layer {
    call forward, by_input, by_weights;
    void train() const
    {
        forward();
        by_input();
        by_weights();
    }
};

// Of the descriptors of its passes; `bias` is NULL where it has none.
template <class Forward, class ByInput, class ByWeights>
static layer make(const typename Forward::primitive_desc &f, const typename ByInput::primitive_desc &d,
                  const typename ByWeights::primitive_desc &g, const descriptor *bias)
{
    layer made = { { Forward(f),
                     { { DNNL_ARG_SRC, fill(f.src_desc()) },
                       { DNNL_ARG_WEIGHTS, fill(f.weights_desc()) },
                       { DNNL_ARG_DST, fill(f.dst_desc()) } } },
                   { ByInput(d),
                     { { DNNL_ARG_DIFF_DST, fill(d.diff_dst_desc()) },
                       { DNNL_ARG_WEIGHTS, fill(d.weights_desc()) },
                       { DNNL_ARG_DIFF_SRC, fill(d.diff_src_desc()) } } },
                   { ByWeights(g),
                     { { DNNL_ARG_SRC, fill(g.src_desc()) },
                       { DNNL_ARG_DIFF_DST, fill(g.diff_dst_desc()) },
                       { DNNL_ARG_DIFF_WEIGHTS, fill(g.diff_weights_desc()) } } } };
    if (bias) {
        made.forward.memory[DNNL_ARG_BIAS] = fill(*bias);
        made.by_weights.memory[DNNL_ARG_DIFF_BIAS] = fill(*bias);
    }
    return made;
}

// --- layers ----------------------------------------------------------------------------------------------------------

static layer dense(int batch, int in, int out)
{
    using namespace dnnl;
    const descriptor x = any({ batch, in }), w = any({ out, in }), y = any({ batch, out }), b({ out }, F32, tag::x);
    inner_product_forward::primitive_desc f({ prop_kind::forward_training, x, w, b, y }, cpu);
    inner_product_backward_data::primitive_desc d({ x, w, y }, cpu, f);
    inner_product_backward_weights::primitive_desc g({ x, w, b, y }, cpu, f);
    return make<inner_product_forward, inner_product_backward_data, inner_product_backward_weights>(f, d, g, &b);
}

// "Same" padding of TensorFlow before and after an image.
static void same_padding(int kernel, int stride, dims &before, dims &after)
{
    const int all = kernel - stride;
    before = { all / 2, all / 2 };
    after = { all - all / 2, all - all / 2 };
}

static layer convolution(int batch, int channels, int filters, int side, int kernel, int stride)
{
    using namespace dnnl;
    dims before, after;
    same_padding(kernel, stride, before, after);
    const auto how = algorithm::convolution_auto; // Winograd where oneDNN thinks it the quicker
    const dims steps = { stride, stride };
    const descriptor x = any({ batch, channels, side, side }), w = any({ filters, channels, kernel, kernel }),
                     y = any({ batch, filters, side / stride, side / stride }), b({ filters }, F32, tag::x);
    convolution_forward::primitive_desc f({ prop_kind::forward_training, how, x, w, b, y, steps, before, after }, cpu);
    convolution_backward_data::primitive_desc d({ how, x, w, y, steps, before, after }, cpu, f);
    convolution_backward_weights::primitive_desc g({ how, x, w, b, y, steps, before, after }, cpu, f);
    return make<convolution_forward, convolution_backward_data, convolution_backward_weights>(f, d, g, &b);
}

static layer transposed(int batch, int channels, int filters, int side, int kernel, int stride)
{
    using namespace dnnl;
    dims before, after;
    same_padding(kernel, stride, before, after);
    const auto how = algorithm::deconvolution_direct;
    const dims steps = { stride, stride };
    const descriptor x = any({ batch, channels, side, side }), w = any({ filters, channels, kernel, kernel }),
                     y = any({ batch, filters, side * stride, side * stride });
    deconvolution_forward::primitive_desc f({ prop_kind::forward_training, how, x, w, y, steps, before, after }, cpu);
    deconvolution_backward_data::primitive_desc d({ how, x, w, y, steps, before, after }, cpu, f);
    deconvolution_backward_weights::primitive_desc g({ how, x, w, y, steps, before, after }, cpu, f);
    return make<deconvolution_forward, deconvolution_backward_data, deconvolution_backward_weights>(f, d, g, nullptr);
}

// Its backward pass is one primitive; `by_weights` is empty.
static layer batch_norm(int batch, int channels, int side)
{
    using namespace dnnl;
    const descriptor x({ batch, channels, side, side }, F32, tag::nhwc), c({ channels }, F32, tag::x);
    const auto both = normalization_flags::use_scale | normalization_flags::use_shift;
    batch_normalization_forward::primitive_desc f({ prop_kind::forward_training, x, 1e-3f, both }, cpu);
    batch_normalization_backward::primitive_desc d({ prop_kind::backward, x, x, 1e-3f, both }, cpu, f);
    const memory in = fill(x), mean = fill(f.mean_desc()), variance = fill(f.variance_desc()), scale = fill(c),
                 shift = fill(c);
    call forward = { batch_normalization_forward(f),
                     { { DNNL_ARG_SRC, in },
                       { DNNL_ARG_SCALE, scale },
                       { DNNL_ARG_SHIFT, shift },
                       { DNNL_ARG_MEAN, mean },
                       { DNNL_ARG_VARIANCE, variance },
                       { DNNL_ARG_DST, fill(x) } } };
    call backward = { batch_normalization_backward(d),
                      { { DNNL_ARG_SRC, in },
                        { DNNL_ARG_SCALE, scale },
                        { DNNL_ARG_SHIFT, shift },
                        { DNNL_ARG_MEAN, mean },
                        { DNNL_ARG_VARIANCE, variance },
                        { DNNL_ARG_DIFF_DST, fill(x) },
                        { DNNL_ARG_DIFF_SRC, fill(x) },
                        { DNNL_ARG_DIFF_SCALE, fill(c) },
                        { DNNL_ARG_DIFF_SHIFT, fill(c) } } };
    return { forward, backward, {} };
}

// What SimpleRNN and LSTM have in common: descriptors, and the memory of a forward and a backward pass.
struct recurrence {
    descriptor x, w, u, b, y, none;
    recurrence(int time, int batch, int in, int units, int gates)
        : x({ time, batch, in }, F32, tag::tnc), w(any({ 1, 1, in, gates, units })),
          u(any({ 1, 1, units, gates, units })), b({ 1, 1, gates, units }, F32, tag::ldgo),
          y({ time, batch, units }, F32, tag::tnc)
    {
    }

    template <class Forward, class Backward>
    layer make(const typename Forward::primitive_desc &f, const typename Backward::primitive_desc &d) const
    {
        using namespace dnnl;
        const memory in = fill(x), out = fill(y), bias = fill(b), kept = memory(f.workspace_desc(), cpu);
        call forward = { Forward(f),
                         { { DNNL_ARG_SRC_LAYER, in },
                           { DNNL_ARG_WEIGHTS_LAYER, fill(f.weights_layer_desc()) },
                           { DNNL_ARG_WEIGHTS_ITER, fill(f.weights_iter_desc()) },
                           { DNNL_ARG_BIAS, bias },
                           { DNNL_ARG_DST_LAYER, out },
                           { DNNL_ARG_WORKSPACE, kept } } };
        call backward = { Backward(d),
                          { { DNNL_ARG_SRC_LAYER, in },
                            { DNNL_ARG_WEIGHTS_LAYER, fill(d.weights_layer_desc()) },
                            { DNNL_ARG_WEIGHTS_ITER, fill(d.weights_iter_desc()) },
                            { DNNL_ARG_BIAS, bias },
                            { DNNL_ARG_DST_LAYER, out },
                            { DNNL_ARG_WORKSPACE, kept },
                            { DNNL_ARG_DIFF_SRC_LAYER, fill(x) },
                            { DNNL_ARG_DIFF_WEIGHTS_LAYER, fill(d.diff_weights_layer_desc()) },
                            { DNNL_ARG_DIFF_WEIGHTS_ITER, fill(d.diff_weights_iter_desc()) },
                            { DNNL_ARG_DIFF_BIAS, fill(b) },
                            { DNNL_ARG_DIFF_DST_LAYER, fill(y) } } };
        return { forward, backward, {} };
    }
};

static const auto ONWARD = dnnl::rnn_direction::unidirectional_left2right;

static layer lstm(int time, int batch, int in, int units)
{
    using namespace dnnl;
    const recurrence r(time, batch, in, units, 4);
    lstm_forward::primitive_desc f(
        { prop_kind::forward_training, ONWARD, r.x, r.none, r.none, r.w, r.u, r.b, r.y, r.none, r.none }, cpu);
    lstm_backward::primitive_desc d({ prop_kind::backward,
                                      ONWARD,
                                      r.x,
                                      r.none,
                                      r.none,
                                      r.w,
                                      r.u,
                                      r.b,
                                      r.y,
                                      r.none,
                                      r.none,
                                      r.x,
                                      r.none,
                                      r.none,
                                      r.w,
                                      r.u,
                                      r.b,
                                      r.y,
                                      r.none,
                                      r.none },
                                    cpu, f);
    return r.make<lstm_forward, lstm_backward>(f, d);
}

static layer simple_rnn(int time, int batch, int in, int units)
{
    using namespace dnnl;
    const recurrence r(time, batch, in, units, 1);
    const auto tanh = algorithm::eltwise_tanh;
    vanilla_rnn_forward::primitive_desc f(
        { prop_kind::forward_training, tanh, ONWARD, r.x, r.none, r.w, r.u, r.b, r.y, r.none }, cpu);
    vanilla_rnn_backward::primitive_desc d({ prop_kind::backward, tanh, ONWARD, r.x, r.none, r.w, r.u, r.b, r.y, r.none,
                                             r.x, r.none, r.w, r.u, r.b, r.y, r.none },
                                           cpu, f);
    return r.make<vanilla_rnn_forward, vanilla_rnn_backward>(f, d);
}

// --- workloads -------------------------------------------------------------------------------------------------------

using step = std::function<void()>;

static void run_one_backward(const layer &l)
{
    l.forward();
    l.by_input();
}

static step dcgan()
{
    const int batch = 256;
    const layer noise = dense(batch, 100, 12544), wide = transposed(batch, 256, 128, 7, 5, 1),
                middle = transposed(batch, 128, 64, 7, 5, 2), last = transposed(batch, 64, 1, 14, 5, 2),
                wide_norm = batch_norm(batch, 128, 7), middle_norm = batch_norm(batch, 64, 14);
    const layer first = convolution(batch, 1, 64, 28, 5, 2), second = convolution(batch, 64, 128, 14, 5, 2),
                verdict = dense(batch, 6272, 1);
    return [=] {
        noise.forward();
        for (const layer *l : { &wide, &middle, &last }) l->train();
        for (const layer *l : { &wide_norm, &middle_norm }) run_one_backward(*l);
        noise.by_weights();
        for (int images = 0; images < 2; images++) { // real and generated: D's own loss
            first.forward();
            for (const layer *l : { &second, &verdict }) l->train();
            first.by_weights();
        }
        for (const layer *l : { &verdict, &second, &first }) l->by_input(); // G's loss through D
    };
}

static step forward_of(layer l)
{
    return [l] { l.forward(); };
}

static step train_of(layer l)
{
    return [l] { l.by_weights.primitive ? l.train() : run_one_backward(l); };
}

struct workload {
    const char *name;
    step (*make)();
};

#define LAYER(name, made)                                                                                              \
    { name "_forward", [] { return forward_of(made); } },                                                              \
    {                                                                                                                  \
        name "_train", [] { return train_of(made); }                                                                   \
    }

static const workload workloads[] = {
    { "rnn_train", [] { return train_of(simple_rnn(500, 128, 32, 32)); } },
    { "lstm_train", [] { return train_of(lstm(500, 128, 32, 32)); } },
    { "lstm_train_reviews", [] { return train_of(lstm(500, 128, 32, 32)); } },
    { "dcgan_step", dcgan },
    LAYER("dense512", dense(128, 512, 512)),
    LAYER("lstm128", lstm(100, 64, 128, 128)),
    LAYER("conv5x5s2", convolution(256, 64, 128, 14, 5, 2)),
    LAYER("conv3x3", convolution(64, 64, 64, 28, 3, 1)),
    LAYER("convt5x5s2", transposed(256, 128, 64, 7, 5, 2)),
    LAYER("batch_norm", batch_norm(256, 64, 14)),
};

// --- time ------------------------------------------------------------------------------------------------------------

static double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void measure(const char *name, const step &run, int threads, double seconds)
{
    std::vector<double> samples;
    const auto timed = [&](int repeats) {
        const double begin = now();
        for (int i = 0; i < repeats; i++) run();
        stream.wait();
        return (now() - begin) / repeats;
    };
    timed(1);
    const double once = timed(1);
    const int repeats = once > 1e-3 ? 1 : int(2e-3 / once) + 1;
    for (const double begin = now(); samples.size() < 5 || (samples.size() < 1000 && now() - begin < seconds);)
        samples.push_back(timed(repeats));
    std::sort(samples.begin(), samples.end());
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s threads=%d median_ms=%.4f min_ms=%.4f n=%zu peak_mb=%.0f\n", name, threads,
           1e3 * samples[samples.size() / 2], 1e3 * samples[0], samples.size(), double(usage.ru_maxrss) * 1024e-6);
    fflush(stdout);
}

// Flushes denormal numbers in all threads, as kvist does: gradients vanish over 500 steps.
static void flush_denormals()
{
#pragma omp parallel
    _mm_setcsr(_mm_getcsr() | 0x8040);
}

int main(int argc, char **argv)
{
    int threads = 1;
    double seconds = 2;
    const char *only = nullptr;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--threads")) threads = atoi(argv[i + 1]);
        if (!strcmp(argv[i], "--seconds")) seconds = atof(argv[i + 1]);
        if (!strcmp(argv[i], "--only")) only = argv[i + 1];
    }
    omp_set_num_threads(threads);
    flush_denormals();
    for (const workload &w : workloads)
        if (!only || !strcmp(only, w.name)) measure(w.name, w.make(), threads, seconds);
    return 0;
}
