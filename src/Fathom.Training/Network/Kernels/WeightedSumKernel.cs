namespace Fathom.Training.Network.Kernels;

/// <summary>Σ_j w_j · X_j of streams X [..., S, D] and weights [..., S] in one pass; dX_j = w_j · dy, dw_j = X_j · dy.</summary>
internal sealed unsafe class WeightedSumKernel : autograd.SingleTensorFunction<WeightedSumKernel>
{
    private const long TokensAtOnce = 256;

    public override string Name => nameof(WeightedSumKernel);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor weights = ((Tensor)vars[0]).contiguous(), streams = ((Tensor)vars[1]).contiguous();
        ctx.save_for_backward([weights, streams]);
        (int s, int d) = ((int)streams.shape[^2], (int)streams.shape[^1]);
        Tensor result = empty([.. streams.shape[..^2], d]);
        float* w = Rows.Floats(weights), x = Rows.Floats(streams), y = Rows.Floats(result);
        Rows.Parallelize(weights.numel() / s, TokensAtOnce, (from, to, _) =>
        {
            for (long token = from; token < to; token++)
            {
                Rows.Scale(w[token * s], x + (token * s * d), y + (token * d), d);
                for (int j = 1; j < s; j++) Rows.Add(w[(token * s) + j], x + (((token * s) + j) * d), y + (token * d), d);
            }
        });
        return result;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var lent = new Lent(ctx, grad_output);
        IReadOnlyList<Tensor> saved = lent.Saved;
        (Tensor weights, Tensor streams) = (saved[0], saved[1]);
        (int s, int d) = ((int)streams.shape[^2], (int)streams.shape[^1]);
        Tensor ofWeights = empty_like(weights), ofStreams = empty_like(streams);
        float* w = Rows.Floats(weights), x = Rows.Floats(streams), dy = Rows.Floats(lent.Gradient), dw = Rows.Floats(ofWeights), dx = Rows.Floats(ofStreams);
        Rows.Parallelize(weights.numel(), TokensAtOnce * s, (from, to, _) =>
        {
            for (long row = from; row < to; row++)
            {
                Rows.Scale(w[row], dy + (row / s * d), dx + (row * d), d);
                dw[row] = Rows.Dot(x + (row * d), dy + (row / s * d), d);
            }
        });
        return Lent.Give(ofWeights, ofStreams);
    }
}
