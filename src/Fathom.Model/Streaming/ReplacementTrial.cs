namespace Fathom.Model.Streaming;

/// <summary>Which expert has to go when another needs its place.</summary>
internal enum Replacement
{
    /// <summary>The one that was not used for the longest time.</summary>
    LeastRecent,

    /// <summary>The one that <see cref="ExpertValues"/> holds for the least worth: what streaming does.</summary>
    LeastValuable,

    /// <summary>The one that will not be used for the longest time (Belady): nobody can know it, and nobody can do better.</summary>
    Oracle,
}

/// <summary>Plays recorded routing through an arena without reading anything, to compare ways of replacing.</summary>
internal static class ReplacementTrial
{
    /// <summary>Share of needed experts that are in the arena.</summary>
    /// <param name="steps">Experts that each layer needed, as layer · experts + expert, layer after layer and token after token.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="expertsPerLayer">Experts of each.</param>
    /// <param name="slots">Experts that fit into the arena; at least those of one step.</param>
    /// <param name="policy">Who has to go.</param>
    /// <param name="skip">Steps before counting begins.</param>
    /// <param name="halfLife">For <see cref="Replacement.LeastValuable"/>.</param>
    public static double HitRate(IReadOnlyList<int[]> steps, int layers, int expertsPerLayer, int slots, Replacement policy, int skip = 0, double halfLife = ExpertValues.StandardHalfLife)
    {
        var values = new ExpertValues(layers, expertsPerLayer, halfLife);
        int[][] nextUses = policy == Replacement.Oracle ? NextUses(steps, layers * expertsPerLayer) : [];
        var held = new Dictionary<int, double>();
        long hits = 0, needed = 0;
        for (int step = 0; step < steps.Count; step++)
        {
            int[] experts = steps[step];
            int layer = experts[0] / expertsPerLayer;
            values.Advance(layer, 1);
            foreach (int expert in experts) values.Use(expert, 1);
            int found = experts.Count(held.ContainsKey);
            if (step >= skip) (hits, needed) = (hits + found, needed + experts.Length);
            for (int i = 0; i < experts.Length; i++)
            {
                double worth = policy == Replacement.Oracle ? -nextUses[step][i] : step;
                if (!held.ContainsKey(experts[i]) && held.Count == slots)
                    held.Remove(held.Keys.Where(expert => !experts.Contains(expert)).MinBy(expert => policy == Replacement.LeastValuable ? values.Of(expert, layer) : held[expert]));
                held[experts[i]] = worth;
            }
        }

        return (double)hits / needed;
    }

    // For each use the step of the next one.
    private static int[][] NextUses(IReadOnlyList<int[]> steps, int experts)
    {
        int[] next = [.. Enumerable.Repeat(int.MaxValue, experts)];
        var uses = new int[steps.Count][];
        for (int step = steps.Count - 1; step >= 0; step--)
        {
            uses[step] = [.. steps[step].Select(expert => next[expert])];
            foreach (int expert in steps[step]) next[expert] = step;
        }

        return uses;
    }
}
