namespace Fathom.Training.Network.Kernels;

/// <summary><see cref="Rotation.Apply"/> in one pass: vectors [..., d] of which every <c>repeats</c> in a row share angles [..., rotary dims / 2]. The gradient is turned back.</summary>
internal sealed unsafe class RotationKernel : autograd.SingleTensorFunction<RotationKernel>
{
    private const long RowsAtOnce = 1024;

    public override string Name => nameof(RotationKernel);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = ((Tensor)vars[0]).contiguous(), cos = ((Tensor)vars[1]).contiguous(), sin = ((Tensor)vars[2]).contiguous();
        bool inverse = (bool)vars[3];
        ctx.save_for_backward([cos, sin]);
        ctx.save_data("inverse", inverse);
        return Turn(x, cos, sin, inverse);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var lent = new Lent(ctx, grad_output);
        IReadOnlyList<Tensor> saved = lent.Saved;
        return Lent.Give(Turn(lent.Gradient, saved[0], saved[1], !(bool)ctx.get_data("inverse")), null, null, null);
    }

    private static Tensor Turn(Tensor input, Tensor cosines, Tensor sines, bool inverse)
    {
        Tensor result = empty_like(input);
        int d = (int)input.shape[^1], half = (int)cosines.shape[^1], plain = d - (2 * half);
        long vectors = input.numel() / d, repeats = vectors / (cosines.numel() / half);
        float* x = Rows.Floats(input), y = Rows.Floats(result), cos = Rows.Floats(cosines), sin = Rows.Floats(sines);
        float sign = inverse ? -1 : 1;
        Rows.Parallelize(vectors, RowsAtOnce, (from, to, _) =>
        {
            for (long vector = from; vector < to; vector++)
            {
                float* source = x + (vector * d), target = y + (vector * d), c = cos + (vector / repeats * half), s = sin + (vector / repeats * half);
                Rows.Scale(1, source, target, plain);
                for (int i = 0; i < half; i++)
                {
                    float a = source[plain + (2 * i)], b = source[plain + (2 * i) + 1], sine = sign * s[i];
                    target[plain + (2 * i)] = (a * c[i]) - (b * sine);
                    target[plain + (2 * i) + 1] = (a * sine) + (b * c[i]);
                }
            }
        });
        return result;
    }
}
