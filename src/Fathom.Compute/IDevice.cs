using Fathom.Compute.Memory;

namespace Fathom.Compute;

/// <summary>
/// The operations of V4: every verb takes a whole batch of rows. A chip is supported by implementing these verbs;
/// <see cref="Reference.PlainDevice"/> reads like the formulas, and every other implementation is held against it.
/// </summary>
/// <remarks>
/// Two rules bind every implementation. What a row gets depends on that row alone, bit for bit: not on the number
/// of rows, their order or the number of workers. And nothing is read or written outside the given views.
/// Arguments are checked where the model is built; here they are trusted. Calls come from one thread at a time.
/// </remarks>
public interface IDevice : IDisposable
{
    /// <summary>Looks up token embeddings (specification section 2).</summary>
    /// <param name="tokens">Token ids, [n].</param>
    /// <param name="table">[vocabulary, hidden].</param>
    /// <param name="output">[n, hidden].</param>
    void Embed(ReadOnlySpan<int> tokens, WeightMatrix table, Rows output);

    /// <summary>Mixes the residual streams into a sub-layer's input and prepares how its output goes back (sections 3.2 and 3.3).</summary>
    /// <param name="streams">[n, S·hidden].</param>
    /// <param name="weights">Parameters with (2 + S)·S outputs.</param>
    /// <param name="mixed">Receives Σ_j pre_j · stream_j, [n, hidden].</param>
    /// <param name="post">Receives the weights of the sub-layer's output for each stream, [n, S].</param>
    /// <param name="comb">Receives the doubly stochastic matrix, [n, S·S].</param>
    void MixStreams(Rows streams, HyperConnectionWeights weights, Rows mixed, Rows post, Rows comb);

    /// <summary>Spreads a sub-layer's output over the streams, in place: X'_k = post_k · o + Σ_j comb[j,k] · X_j (section 3.4).</summary>
    /// <param name="output">The sub-layer's output, [n, hidden].</param>
    /// <param name="post">[n, S].</param>
    /// <param name="comb">[n, S·S].</param>
    /// <param name="streams">[n, S·hidden], replaced.</param>
    void SpreadStreams(Rows output, Rows post, Rows comb, Rows streams);

    /// <summary>Reduces the streams to one vector for the head (section 3.5).</summary>
    /// <param name="streams">[n, S·hidden].</param>
    /// <param name="weights">Parameters with S outputs.</param>
    /// <param name="reduced">[n, hidden].</param>
    void ReduceStreams(Rows streams, HyperConnectionWeights weights, Rows reduced);

    /// <summary>y = w · x / sqrt(mean(x²) + ε), row by row; <paramref name="output"/> may be the input (section 2).</summary>
    /// <param name="input">[n, width].</param>
    /// <param name="weight">[width].</param>
    /// <param name="epsilon">Inside the root.</param>
    /// <param name="output">[n, width].</param>
    void RmsNorm(Rows input, ReadOnlySpan<float> weight, float epsilon, Rows output);

    /// <summary>Divides every head by its root mean square, without a weight, in place (section 4.1).</summary>
    /// <param name="rows">[n, heads·headDim].</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="epsilon">Inside the root.</param>
    void NormalizeHeads(Rows rows, int headDim, float epsilon);

    /// <summary>y = x · Wᵀ.</summary>
    /// <param name="input">[n, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="output">[n, out].</param>
    void Linear(Rows input, WeightMatrix weight, Rows output);

    /// <summary>The block-diagonal product of the grouped output projection: group g of the outputs reads part g of the input (section 4.6).</summary>
    /// <param name="input">[n, groups·in].</param>
    /// <param name="weight">[groups·out, in].</param>
    /// <param name="groups">Number of blocks.</param>
    /// <param name="output">[n, groups·out].</param>
    void GroupedLinear(Rows input, WeightMatrix weight, int groups, Rows output);

    /// <summary>Rotates neighbouring pairs of the last dimensions of every head, in place (section 4.3).</summary>
    /// <param name="rows">[n, heads·headDim].</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="angles">For each row the cosines, then the sines of its pairs: [n, rotary dims].</param>
    /// <param name="inverse">Whether to turn back.</param>
    void Rotate(Rows rows, int headDim, Rows angles, bool inverse);

    /// <summary>Rounds the first dimensions of every head to FP8 and back, in groups with power-of-two scales, in place (sections 9.2 and 9.4).</summary>
    /// <param name="rows">[n, heads·headDim].</param>
    /// <param name="headDim">Width of a head; the row width when the row is one vector.</param>
    /// <param name="roundedDims">How many leading dimensions of a head are rounded.</param>
    /// <param name="groupSize">Dimensions that share a scale.</param>
    void RoundToFp8(Rows rows, int headDim, int roundedDims, int groupSize);

    /// <summary>Hadamard-transforms every head, then rounds it to FP4 and back, in place (sections 6.2 and 9.5).</summary>
    /// <param name="rows">[n, heads·headDim].</param>
    /// <param name="headDim">Width of a head, a power of two.</param>
    /// <param name="groupSize">Dimensions that share a scale.</param>
    void HadamardAndRoundToFp4(Rows rows, int headDim, int groupSize);

    /// <summary>Adds to each row the bias of its place in its block: score += ape[position mod m] (section 5.2).</summary>
    /// <param name="rows">[n, width].</param>
    /// <param name="positions">Absolute positions, [n].</param>
    /// <param name="bias">[m, width].</param>
    void AddPositionBias(Rows rows, ReadOnlySpan<int> positions, ReadOnlySpan<float> bias);

    /// <summary>Pools candidates into one entry for each block: softmax of the scores over the candidates, channel by channel (section 5.2).</summary>
    /// <param name="values">For each block the addresses of its candidates' values, each [width].</param>
    /// <param name="scores">The addresses of their scores, in the same order.</param>
    /// <param name="output">[blocks, width].</param>
    void Compress(AddressLists values, AddressLists scores, Rows output);

    /// <summary>Scores compressed entries for each row and picks the best: Σ_h a_h · max(0, q_h · k_i), ties to the lower entry (sections 6.2 and 6.3).</summary>
    /// <param name="queries">[n, heads·headDim].</param>
    /// <param name="headWeights">a, scaled already, [n, heads].</param>
    /// <param name="keys">The index entries of each row's session, [n] tables of rows [headDim].</param>
    /// <param name="visible">How many entries each row sees, [n].</param>
    /// <param name="picks">Receives the picked entries in ascending order, [n, k]; −1 after the last one.</param>
    /// <param name="k">Entries to pick for a row at most.</param>
    void PickEntries(Rows queries, Rows headWeights, ReadOnlySpan<PagedRows> keys, ReadOnlySpan<int> visible, Span<int> picks, int k);

    /// <summary>Attention of all heads over listed keys, which are the values too, with a sink in the denominator (section 4.5).</summary>
    /// <param name="queries">[n, heads·headDim].</param>
    /// <param name="headDim">Width of a head and of a key.</param>
    /// <param name="keys">For each row the addresses of its keys, at least one.</param>
    /// <param name="sinks">One logit per head, [heads].</param>
    /// <param name="scale">Multiplies every q·k.</param>
    /// <param name="output">[n, heads·headDim].</param>
    void Attend(Rows queries, int headDim, AddressLists keys, ReadOnlySpan<float> sinks, float scale, Rows output);

    /// <summary>Picks experts by score, s = sqrt(softplus(logit)): the k highest of s + bias, ties to the lower expert (section 7.1).</summary>
    /// <param name="logits">[n, experts]; replaced by the scores s.</param>
    /// <param name="bias">[experts].</param>
    /// <param name="scale">Multiplies the normalised weights.</param>
    /// <param name="experts">Receives the picked experts, [n, k].</param>
    /// <param name="weights">Receives their weights (from s without bias), [n, k].</param>
    /// <param name="k">Experts per token.</param>
    void RouteByScore(Rows logits, ReadOnlySpan<float> bias, float scale, Span<int> experts, Span<float> weights, int k);

    /// <summary>Weights experts that a table chose by token id (section 7.1).</summary>
    /// <param name="logits">[n, experts]; replaced by the scores s.</param>
    /// <param name="scale">Multiplies the normalised weights.</param>
    /// <param name="experts">The experts of each row, [n, k].</param>
    /// <param name="weights">Receives their weights, [n, k].</param>
    /// <param name="k">Experts per token.</param>
    void WeighHashed(Rows logits, float scale, ReadOnlySpan<int> experts, Span<float> weights, int k);

    /// <summary>a = g · sigmoid(g) · u · w with g cut at +limit and u at ±limit; into <paramref name="gate"/> (sections 7.2 and 7.4).</summary>
    /// <param name="gate">g, [n, width], replaced by a.</param>
    /// <param name="up">u, [n, width].</param>
    /// <param name="limit">The clamp; 0 means none.</param>
    /// <param name="rowWeights">w, [n], or empty for 1.</param>
    void SwiGlu(Rows gate, Rows up, float limit, ReadOnlySpan<float> rowWeights);

    /// <summary>Copies the named rows: output[i] = input[indices[i]].</summary>
    void Gather(Rows input, ReadOnlySpan<int> indices, Rows output);

    /// <summary>Adds rows to the named rows: output[indices[i]] += input[i], in this order. Equal indices stand side by side: a table of experts may name one twice for a token.</summary>
    void ScatterAdd(Rows input, ReadOnlySpan<int> indices, Rows output);
}
