using System.Runtime.Intrinsics;

namespace Fathom.Training.Network.Kernels;

/// <summary>
/// <see cref="HyperConnection.Sinkhorn"/> for eight matrices at a time, one in each lane. A division y = m / (Σ m + ε) has the
/// gradient dm = (dy − Σ dy · y) / (Σ m + ε); the softmax p at the start has da = p · (dp − Σ dp · p).
/// </summary>
internal sealed unsafe class SinkhornKernel : autograd.SingleTensorFunction<SinkhornKernel>
{
    private const int Lanes = 8;
    private const long MatricesAtOnce = 512;

    public override string Name => nameof(SinkhornKernel);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor a = ((Tensor)vars[0]).contiguous();
        (int iterations, double epsilon) = ((int)vars[1], (double)vars[2]);
        ctx.save_for_backward([a]);
        ctx.save_data("iterations", iterations);
        ctx.save_data("epsilon", epsilon);
        Tensor result = empty_like(a);
        int s = (int)a.shape[^1];
        float* source = Rows.Floats(a), target = Rows.Floats(result);
        Rows.Parallelize(a.numel() / (s * s), MatricesAtOnce, (from, to, _) =>
        {
            var stages = stackalloc Vector256<float>[((2 * iterations) + 1) * s * s];
            var divisors = stackalloc Vector256<float>[2 * iterations * s];
            for (long first = from; first < to; first += Lanes)
            {
                int lanes = (int)Math.Min(Lanes, to - first);
                Stages(source + (first * s * s), lanes, s, iterations, (float)epsilon, stages, divisors);
                Store(stages + (2 * iterations * s * s), target + (first * s * s), lanes, s);
            }
        });
        return result;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var lent = new Lent(ctx, grad_output);
        Tensor a = lent.Saved[0];
        int iterations = (int)ctx.get_data("iterations"), s = (int)a.shape[^1];
        double epsilon = (double)ctx.get_data("epsilon");
        Tensor ofA = empty_like(a);
        float* source = Rows.Floats(a), given = Rows.Floats(lent.Gradient), target = Rows.Floats(ofA);
        Rows.Parallelize(a.numel() / (s * s), MatricesAtOnce, (from, to, _) =>
        {
            var stages = stackalloc Vector256<float>[((2 * iterations) + 1) * s * s];
            var divisors = stackalloc Vector256<float>[2 * iterations * s];
            var d = stackalloc Vector256<float>[s * s];
            for (long first = from; first < to; first += Lanes)
            {
                int lanes = (int)Math.Min(Lanes, to - first);
                Stages(source + (first * s * s), lanes, s, iterations, (float)epsilon, stages, divisors);
                Load(given + (first * s * s), lanes, s, d);
                for (int stage = (2 * iterations) - 1; stage > 0; stage--) Back(stages + ((stage + 1) * s * s), divisors + (stage * s), d, s, IsOfRows(stage));
                for (int row = 0; row < s; row++)
                {
                    Vector256<float> sum = default, shift = Vector256.Create((float)epsilon);
                    for (int column = 0; column < s; column++) sum += d[(row * s) + column] * (stages[(s * s) + (row * s) + column] - shift);
                    for (int column = 0; column < s; column++) d[(row * s) + column] = (stages[(s * s) + (row * s) + column] - shift) * (d[(row * s) + column] - sum);
                }

                Store(d, target + (first * s * s), lanes, s);
            }
        });
        return Lent.Give(ofA, null, null);
    }

    // Stage 0 is the softmax over rows; then columns, rows, columns, … are divided by their sums.
    private static bool IsOfRows(int stage) => stage % 2 == 0;

    // What goes into stage i is stages[i]; the last is the result.
    private static void Stages(float* source, int lanes, int s, int iterations, float epsilon, Vector256<float>* stages, Vector256<float>* divisors)
    {
        Load(source, lanes, s, stages);
        Vector256<float> epsilons = Vector256.Create(epsilon);
        for (int row = 0; row < s; row++)
        {
            Vector256<float>* from = stages + (row * s), to = stages + (s * s) + (row * s);
            Vector256<float> most = from[0], sum = default;
            for (int i = 1; i < s; i++) most = Vector256.Max(most, from[i]);
            for (int i = 0; i < s; i++) sum += to[i] = Vector256.Exp(from[i] - most);
            for (int i = 0; i < s; i++) to[i] = (to[i] / sum) + epsilons;
        }

        for (int stage = 1; stage < 2 * iterations; stage++)
        {
            Vector256<float>* from = stages + (stage * s * s), to = from + (s * s);
            (int across, int along) = IsOfRows(stage) ? (s, 1) : (1, s);
            for (int group = 0; group < s; group++)
            {
                Vector256<float> sum = epsilons;
                for (int i = 0; i < s; i++) sum += from[(group * across) + (i * along)];
                Vector256<float> divisor = divisors[(stage * s) + group] = Vector256<float>.One / sum;
                for (int i = 0; i < s; i++) to[(group * across) + (i * along)] = from[(group * across) + (i * along)] * divisor;
            }
        }
    }

    private static void Back(Vector256<float>* y, Vector256<float>* divisors, Vector256<float>* d, int s, bool isOfRows)
    {
        (int across, int along) = isOfRows ? (s, 1) : (1, s);
        for (int group = 0; group < s; group++)
        {
            Vector256<float> sum = default;
            for (int i = 0; i < s; i++) sum += d[(group * across) + (i * along)] * y[(group * across) + (i * along)];
            for (int i = 0; i < s; i++) d[(group * across) + (i * along)] = (d[(group * across) + (i * along)] - sum) * divisors[group];
        }
    }

    private static void Load(float* source, int lanes, int s, Vector256<float>* to)
    {
        for (int i = 0; i < s * s; i++)
        {
            Vector256<float> values = default;
            for (int lane = 0; lane < lanes; lane++) values = values.WithElement(lane, source[(lane * s * s) + i]);
            to[i] = values;
        }
    }

    private static void Store(Vector256<float>* from, float* target, int lanes, int s)
    {
        float* values = (float*)from;
        for (int i = 0; i < s * s; i++)
        {
            for (int lane = 0; lane < lanes; lane++) target[(lane * s * s) + i] = values[(i * Lanes) + lane];
        }
    }
}
