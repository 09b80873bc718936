namespace Fathom.Training.Network.Kernels;

/// <summary>
/// <see cref="HyperConnection.Spread"/> in one pass: Y_k = post_k · o + Σ_j comb[j,k] · X_j, with its gradient
/// dX_j = Σ_k comb[j,k] · dY_k, do = Σ_k post_k · dY_k, dpost_k = dY_k · o, dcomb[j,k] = X_j · dY_k.
/// </summary>
internal sealed unsafe class SpreadKernel : autograd.SingleTensorFunction<SpreadKernel>
{
    private const long TokensAtOnce = 128;

    public override string Name => nameof(SpreadKernel);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor streams = ((Tensor)vars[0]).contiguous(), output = ((Tensor)vars[1]).contiguous();
        Tensor post = ((Tensor)vars[2]).contiguous(), comb = ((Tensor)vars[3]).contiguous();
        ctx.save_for_backward([streams, output, post, comb]);
        Tensor result = empty_like(streams);
        (int s, int d) = ((int)streams.shape[^2], (int)streams.shape[^1]);
        float* x = Rows.Floats(streams), o = Rows.Floats(output), p = Rows.Floats(post), c = Rows.Floats(comb), y = Rows.Floats(result);
        Rows.Parallelize(post.numel() / s, TokensAtOnce, (from, to, _) =>
        {
            for (long token = from; token < to; token++)
            {
                for (int k = 0; k < s; k++)
                {
                    float* target = y + (((token * s) + k) * d);
                    Rows.Scale(p[(token * s) + k], o + (token * d), target, d);
                    for (int j = 0; j < s; j++) Rows.Add(c[(((token * s) + j) * s) + k], x + (((token * s) + j) * d), target, d);
                }
            }
        });
        return result;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var lent = new Lent(ctx, grad_output);
        IReadOnlyList<Tensor> saved = lent.Saved;
        (Tensor streams, Tensor output, Tensor post, Tensor comb) = (saved[0], saved[1], saved[2], saved[3]);
        Tensor ofStreams = empty_like(streams), ofOutput = empty_like(output), ofPost = empty_like(post), ofComb = empty_like(comb);
        (int s, int d) = ((int)streams.shape[^2], (int)streams.shape[^1]);
        float* x = Rows.Floats(streams), o = Rows.Floats(output), p = Rows.Floats(post), c = Rows.Floats(comb), dy = Rows.Floats(lent.Gradient);
        float* dx = Rows.Floats(ofStreams), dO = Rows.Floats(ofOutput), dp = Rows.Floats(ofPost), dc = Rows.Floats(ofComb);
        Rows.Parallelize(post.numel() / s, TokensAtOnce, (from, to, _) =>
        {
            for (long token = from; token < to; token++)
            {
                float* dyToken = dy + (token * s * d);
                Rows.Scale(p[token * s], dyToken, dO + (token * d), d);
                for (int k = 1; k < s; k++) Rows.Add(p[(token * s) + k], dyToken + (k * d), dO + (token * d), d);
                for (int k = 0; k < s; k++) dp[(token * s) + k] = Rows.Dot(dyToken + (k * d), o + (token * d), d);
                for (int j = 0; j < s; j++)
                {
                    long at = (token * s) + j;
                    float* row = c + (at * s);
                    Rows.Scale(row[0], dyToken, dx + (at * d), d);
                    for (int k = 1; k < s; k++) Rows.Add(row[k], dyToken + (k * d), dx + (at * d), d);
                    for (int k = 0; k < s; k++) dc[(at * s) + k] = Rows.Dot(x + (at * d), dyToken + (k * d), d);
                }
            }
        });
        return Lent.Give(ofStreams, ofOutput, ofPost, ofComb);
    }
}
