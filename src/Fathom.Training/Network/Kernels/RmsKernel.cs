namespace Fathom.Training.Network.Kernels;

/// <summary>
/// <see cref="Norms.Rms(Tensor, Tensor, double)"/> in one pass, with or without a weight. With r = 1 / sqrt(mean(x²) + ε) and
/// g = w · dy: dx = r · (g − x · r² · mean(g · x)), dw = Σ dy · x · r.
/// </summary>
internal sealed unsafe class RmsKernel : autograd.SingleTensorFunction<RmsKernel>
{
    private const long RowsAtOnce = 512;

    public override string Name => nameof(RmsKernel);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor input = ((Tensor)vars[0]).contiguous();
        var weight = vars[1] as Tensor;
        double epsilon = (double)vars[2];
        ctx.save_for_backward(weight is null ? [input] : [input, weight]);
        ctx.save_data("epsilon", epsilon);
        Tensor result = empty_like(input);
        int d = (int)input.shape[^1];
        float* x = Rows.Floats(input), y = Rows.Floats(result), w = weight is null ? null : Rows.Floats(weight);
        Rows.Parallelize(input.numel() / d, RowsAtOnce, (from, to, _) =>
        {
            for (long row = from; row < to; row++)
            {
                float* source = x + (row * d), target = y + (row * d);
                Rows.Scale(Reciprocal(source, d, epsilon), source, target, d);
                for (int i = 0; w != null && i < d; i++) target[i] *= w[i];
            }
        });
        return result;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var lent = new Lent(ctx, grad_output);
        IReadOnlyList<Tensor> saved = lent.Saved;
        double epsilon = (double)ctx.get_data("epsilon");
        Tensor input = saved[0];
        Tensor? weight = saved.Count > 1 ? saved[1] : null;
        Tensor ofInput = empty_like(input);
        int d = (int)input.shape[^1];
        long rows = input.numel() / d;
        Tensor ofWeight = zeros((rows + RowsAtOnce - 1) / RowsAtOnce, d);
        float* x = Rows.Floats(input), dy = Rows.Floats(lent.Gradient), dx = Rows.Floats(ofInput), dw = Rows.Floats(ofWeight), w = weight is null ? null : Rows.Floats(weight);
        Rows.Parallelize(rows, RowsAtOnce, (from, to, part) =>
        {
            float* sums = dw + ((long)part * d);
            float* g = stackalloc float[d];
            for (long row = from; row < to; row++)
            {
                float* source = x + (row * d), given = dy + (row * d), target = dx + (row * d);
                float r = Reciprocal(source, d, epsilon);
                for (int i = 0; i < d; i++)
                {
                    g[i] = w == null ? given[i] : given[i] * w[i];
                    sums[i] += given[i] * source[i] * r;
                }

                Rows.Scale(r, g, target, d);
                Rows.Add(-r * r * r * Rows.Dot(g, source, d) / d, source, target, d);
            }
        });
        return Lent.Give(ofInput, weight is null ? null : ofWeight.sum([0]), null);
    }

    private static float Reciprocal(float* x, int d, double epsilon) => 1 / MathF.Sqrt((Rows.Dot(x, x, d) / d) + (float)epsilon);
}
